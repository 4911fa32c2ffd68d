import createError from '@fastify/error'

export const SessionExpired = createError('SESSION_EXPIRED', 'This session has expired; log in again', 401)
export const SessionRevoked = createError('SESSION_REVOKED', 'This session was revoked; log in again', 401)
