import type { Registry } from '@prometheus-io/client'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** For metrics of yours: `new Counter({ …, registers: [app.metrics] })`. Null without METRICS_PORT. */
    metrics: Registry | null
  }
}

/** What the service does and how it is, for Prometheus, on a port of its own; nothing without METRICS_PORT. */
async function metrics(app: FastifyInstance) {
  const { METRICS_PORT: port, METRICS_HOST: host } = app.config
  if (port === null) {
    app.decorate('metrics', null)
    return
  }
  // Loaded only here: it would cost each start 100 ms.
  const { openMetrics } = await import('./metrics.ts')
  const { registry, requests, server, close } = openMetrics(app)
  app.decorate('metrics', registry)

  app.addHook('onRequest', function countBegin(_request, reply, done) {
    requests.begin(reply.raw)
    done()
  })
  app.addHook('onResponse', function countEnd(request, reply, done) {
    requests.end(request.method, request.routeOptions.url, reply.statusCode, reply.elapsedTime)
    done()
  })

  // Only while it serves: a console or a command is not to take the port from it. Losing it stops nothing.
  app.addHook('onListen', async () => {
    server.on('error', (err) => app.log.error({ err }, 'metrics cannot be served'))
    server.listen(port, host, () => app.log.info(`metrics at http://${host}:${port}/metrics`))
  })
  app.addHook('onClose', async () => close())
}

export default fp(metrics, { name: 'metrics', dependencies: ['config', 'logging', 'db', 'redis', 'audit'] })
