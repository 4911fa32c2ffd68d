import type { Registry } from '@prometheus-io/client'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import { explainListen } from '../../plugins/platform/config/listen.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Register your own metrics here: `new Counter({ …, registers: [app.metrics] })`. Null without METRICS_PORT. */
    metrics: Registry | null
  }
}

/** Metrics for Prometheus, on a port of their own; nothing without METRICS_PORT. */
async function metrics(app: FastifyInstance) {
  const { METRICS_PORT: port, METRICS_HOST: host } = app.config
  if (port === null) {
    app.decorate('metrics', null)
    return
  }
  // Imported only if needed, because it takes 100 ms.
  const { openMetrics } = await import('./metrics.ts')
  const { registry, requests, server, close } = openMetrics(app)
  app.decorate('metrics', registry)

  app.addHook('onRequest', function countBegin(_request, reply, done) {
    requests.begin(reply.raw)
    done()
  })
  app.addHook('onResponse', function countEnd(request, reply, done) {
    const { url, config } = request.routeOptions
    requests.end(
      request.method,
      url,
      reply.statusCode,
      config.isStream && reply.statusCode === 200 ? 0 : reply.elapsedTime
    )
    done()
  })

  // Only if the app listens, so that a console or a command does not take the port. A failure does not stop the service.
  app.addHook('onListen', async () => {
    server.on('error', (err) => {
      const reason = explainListen(err, { host: 'METRICS_HOST', port: 'METRICS_PORT' })
      app.log.error({ err }, ['could not serve metrics', reason].filter(Boolean).join(': '))
    })
    server.listen(port, host, () => app.log.info(`metrics at http://${host}:${port}/metrics`))
  })
  app.addHook('onClose', async () => close())
}

export default fp(metrics, { name: 'metrics', dependencies: ['config', 'logging', 'time-budget', 'audit'] })
