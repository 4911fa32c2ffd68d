import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ServiceUnavailable } from '../errors/errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    lifecycle: { isStopping: boolean }
  }
}

/** Knows whether the service is about to stop: then /readyz says so at once, and what still comes after the close is 503. */
async function health(app: FastifyInstance) {
  let isClosing = false
  app.decorate('lifecycle', { isStopping: false })
  app.addHook('preClose', async () => {
    isClosing = true
    app.lifecycle.isStopping = true
  })
  app.addHook('onRequest', function refuseWhileClosing(request, _reply, done) {
    done(isClosing && !request.routeOptions.config.isProbe ? new ServiceUnavailable() : undefined)
  })
  // A connection that is kept alive would keep the service from ending.
  app.addHook('onSend', function closeConnection(_request, reply, payload, done) {
    if (app.lifecycle.isStopping) reply.header('connection', 'close')
    done(null, payload)
  })
}

export default fp(health, { name: 'health', dependencies: ['config', 'errors', 'db', 'redis', 'rate-limit'] })
