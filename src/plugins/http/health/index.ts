import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import routes from './routes.ts'

declare module 'fastify' {
  interface FastifyInstance {
    lifecycle: { isStopping: boolean }
  }
}

/**
 * Knows whether the service is about to stop: then /readyz says so at once. What still comes is served, on connections that
 * were accepted before the close too: database and Redis stay open until the last of them has ended.
 */
async function health(app: FastifyInstance) {
  app.mount('', routes)
  app.decorate('lifecycle', { isStopping: false })
  app.addHook('preClose', async () => {
    app.lifecycle.isStopping = true
  })
  // A connection that is kept alive would keep the service from ending.
  app.addHook('onSend', function closeConnection(_request, reply, payload, done) {
    if (app.lifecycle.isStopping) reply.header('connection', 'close')
    done(null, payload)
  })
}

export default fp(health, { name: 'health', dependencies: ['config', 'errors', 'db', 'redis', 'rate-limit', 'router'] })
