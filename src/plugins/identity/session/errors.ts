import createError from '@fastify/error'

export const SessionExpired = createError('SESSION_EXPIRED', 'This login has ended by time; log in again', 401)
export const SessionRevoked = createError('SESSION_REVOKED', 'This login was ended; log in again', 401)
