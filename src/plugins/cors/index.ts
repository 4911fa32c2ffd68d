import fastifyCors from '@fastify/cors'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { corsOptions } from './cors.ts'

/** Lets pages of CORS_API_ORIGINS, and of no other origin, read replies, failures included. It refuses no request: see session. */
async function cors(app: FastifyInstance) {
  const { CORS_API_ORIGINS } = app.config
  if (CORS_API_ORIGINS.length === 0) return
  await app.register(fastifyCors, {
    delegator: async (request: FastifyRequest) => corsOptions(app.config, request.headers)
  })
}

export default fp(cors, { name: 'cors', dependencies: ['config', 'headers'] })
