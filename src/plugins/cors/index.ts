import fastifyCors from '@fastify/cors'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { logEvent } from '../events/log.ts'
import { corsOptions } from './cors.ts'

/** Lets pages of CORS_API_ORIGINS, and of no other origin, read replies, failures included. It refuses no request: see session. */
async function cors(app: FastifyInstance) {
  const { CORS_API_ORIGINS } = app.config
  if (CORS_API_ORIGINS.length === 0) return
  await app.register(fastifyCors, {
    async delegator(request: FastifyRequest) {
      const options = corsOptions(app.config, request.headers)
      const isPreflight = request.method === 'OPTIONS' && 'access-control-request-method' in request.headers
      if (isPreflight && options.origin === false) logEvent(request, 'malicious_cors')
      return options
    }
  })
}

export default fp(cors, { name: 'cors', dependencies: ['config', 'headers'] })
