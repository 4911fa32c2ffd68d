import createError from '@fastify/error'

export const SessionExpired = createError('SESSION_EXPIRED', 'This login has ended by time; log in again', 401)
export const SessionRevoked = createError('SESSION_REVOKED', 'This login was ended; log in again', 401)
export const CrossOriginRequest = createError(
  'CROSS_ORIGIN_REQUEST',
  'Pages of this origin may not act with a cookie here; CORS_API_ORIGINS lists those that may',
  403
)
