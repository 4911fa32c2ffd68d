import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import { logRequest } from './logger.ts'

/** Logs one line per request: route, user, client address, status, and duration. */
async function logging(app: FastifyInstance) {
  app.addHook('onResponse', function afterResponse(request, reply, done) {
    logRequest(request, reply)
    done()
  })
  app.addHook('onRequestAbort', function afterAbort(request, done) {
    logRequest(request, null)
    done()
  })
}

export default fp(logging, { name: 'logging', dependencies: ['config'] })
