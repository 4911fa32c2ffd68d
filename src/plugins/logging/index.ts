import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

/** One line a request: what was asked of which route, by whom, how it ended and how long it took. */
async function logging(app: FastifyInstance) {
  function describe(request: FastifyRequest, reply: FastifyReply) {
    return {
      method: request.method,
      // The pattern, never the address: what was typed there may be a secret.
      route: request.routeOptions.url ?? null,
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime * 10) / 10,
      ip: request.ip,
      userId: request.account?.userId
    }
  }

  app.addHook('onResponse', function logRequest(request, reply, done) {
    request.log.info(describe(request, reply), 'request')
    done()
  })
  app.addHook('onRequestAbort', function logAbort(request, done) {
    request.log.info(
      { method: request.method, route: request.routeOptions.url ?? null, ip: request.ip },
      'request aborted'
    )
    done()
  })
}

export default fp(logging, { name: 'logging', dependencies: ['config'] })
