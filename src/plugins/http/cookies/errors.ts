import createError from '@fastify/error'

export const CrossOriginRequest = createError(
  'CROSS_ORIGIN_REQUEST',
  'Pages of this origin may not send cookies here; CORS_API_ORIGINS lists the allowed origins',
  403
)
