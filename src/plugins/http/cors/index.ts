import fastifyCors from '@fastify/cors'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import './audit-events.ts'
import './env.ts'
import { logEvent } from '../../platform/audit/log.ts'
import { isCrossOrigin } from '../cookies/cross-origin.ts'
import { corsHeaders, isPreflight, preflightOptions } from './cors.ts'
import { createRefusedOriginLog } from './refused-origins.ts'

/** Lets only pages of CORS_API_ORIGINS read replies, including failures. Refusing requests is up to the cookies plugin. */
async function cors(app: FastifyInstance) {
  const logRefusedOrigin = createRefusedOriginLog(app.log)
  app.addHook('onRequest', function noteOrigin({ headers }, _reply, done) {
    if (headers.origin !== undefined && isCrossOrigin(headers, app.config)) logRefusedOrigin(headers.origin, new Date())
    done()
  })
  if (app.config.CORS_API_ORIGINS.length === 0) return
  app.addHook('onRequest', function setCorsHeaders(request, reply, done) {
    reply.headers(corsHeaders(app.config, request.headers.origin))
    done()
  })
  // The package computes its options for each request, so its scope only has the OPTIONS route.
  await app.register(async (scope) => {
    await scope.register(fastifyCors, {
      async delegator(request: FastifyRequest) {
        const options = preflightOptions(app.config, request.headers)
        if (isPreflight(request.headers) && options.origin === false) logEvent(request, 'malicious_cors')
        return options
      }
    })
  })
}

export default fp(cors, { name: 'cors', dependencies: ['config', 'headers'] })
