import createError from '@fastify/error'

/** Also for a passkey of another user, so that ids cannot be probed. */
export const PasskeyNotFound = createError('PASSKEY_NOT_FOUND', 'You have no passkey with this id', 404)
export const LastCredential = createError(
  'LAST_CREDENTIAL',
  'This is your only way to log in: add another one first',
  409
)
