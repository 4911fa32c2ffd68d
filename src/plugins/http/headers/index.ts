import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import { answerExpectation } from '../../platform/errors/client-errors.ts'
import { securityHeaders } from './headers.ts'

/** Sets security headers on every reply. Its hook runs first, so that no refusal lacks them. */
async function headers(app: FastifyInstance) {
  const all = securityHeaders(app.config)
  app.server.on('checkExpectation', answerExpectation(all))
  app.addHook('onRequest', function setSecurityHeaders(_request, reply, done) {
    reply.headers(all)
    done()
  })
}

export default fp(headers, { name: 'headers', dependencies: ['config'] })
