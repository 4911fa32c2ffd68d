import createError from '@fastify/error'

export const CrossOriginRequest = createError(
  'CROSS_ORIGIN_REQUEST',
  'Pages of this origin may not act with a cookie here; CORS_API_ORIGINS lists those that may',
  403
)
