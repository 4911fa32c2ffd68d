import createError from '@fastify/error'

/** Also for a passkey of another user, so that ids cannot be probed. */
export const PasskeyNotFound = createError('PASSKEY_NOT_FOUND', 'You have no passkey with this id', 404)
