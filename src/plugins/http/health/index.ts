import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import routes from './routes.ts'

declare module 'fastify' {
  interface FastifyInstance {
    lifecycle: { isStopping: boolean }
  }
}

/**
 * Mounts the probes, and marks the service as stopping: /readyz then fails immediately. Requests that still arrive are served,
 * and what they use stays open until the last connection has ended.
 */
async function health(app: FastifyInstance) {
  app.mount('', routes)
  app.decorate('lifecycle', { isStopping: false })
  app.addHook('preClose', async () => {
    app.lifecycle.isStopping = true
  })
  // An open keep-alive connection would delay the shutdown.
  app.addHook('onSend', function closeConnection(_request, reply, payload, done) {
    if (app.lifecycle.isStopping) reply.header('connection', 'close')
    done(null, payload)
  })
}

export default fp(health, { name: 'health', dependencies: ['errors', 'time-budget', 'rate-limit', 'router'] })
