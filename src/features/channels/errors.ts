import createError from '@fastify/error'

export const UpgradeRequired = createError('UPGRADE_REQUIRED', 'This is a WebSocket: connect with one, version 13', 426)
/** Also for a channel that the user may not read or write, so that names cannot be probed. */
export const ChannelNotFound = createError('CHANNEL_NOT_FOUND', 'There is no such channel for you', 404)
export const TooManyChannels = createError('TOO_MANY_CHANNELS', 'A socket can subscribe to 32 channels', 409)
