import createError from '@fastify/error'

export const AbilityRequired = createError('ABILITY_REQUIRED', 'This API token may not do this', 403)
/** Also for a token of another user, so that ids cannot be probed. */
export const TokenNotFound = createError('TOKEN_NOT_FOUND', 'You have no API token with this id', 404)
export const TooManyTokens = createError('TOO_MANY_TOKENS', 'You have too many API tokens: delete one first', 409)
