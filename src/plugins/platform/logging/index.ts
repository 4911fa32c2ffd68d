import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import { logRequest } from './logger.ts'

/** One line a request: what was asked of which route, by whom, how it ended and how long it took. */
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
