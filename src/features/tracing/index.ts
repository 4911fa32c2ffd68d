import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'

/** Nothing of it is loaded, and so nothing has to be installed, where no endpoint is set. */
async function load() {
  try {
    return await import('./tracing.ts')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new Error('OTEL_EXPORTER_OTLP_ENDPOINT is set, which needs development dependencies: see docs/tracing.md')
  }
}

/** Traces of requests, and of what they ask PostgreSQL and Redis, to where OTEL_EXPORTER_OTLP_ENDPOINT says. */
async function tracing(app: FastifyInstance) {
  const endpoint = app.config.OTEL_EXPORTER_OTLP_ENDPOINT
  if (endpoint === null) return
  const { openTracing } = await load()
  const { plugin, within, close } = openTracing(endpoint, {
    // Who may say who the client is may say as well which trace the request belongs to; nobody else.
    trustsCallers: app.config.TRUST_PROXY.length > 0,
    report(isDelivered, err) {
      const line = { event: isDelivered ? 'dependency_up' : 'dependency_down', dependency: 'traces', err }
      app.log[isDelivered ? 'info' : 'error'](line, isDelivered ? 'traces are delivered' : 'traces cannot be delivered')
    }
  })
  app.addHook('onRoute', (route) => {
    if (route.config?.isProbe) route.config.otel = false
  })
  await app.register(plugin)
  // A body is read by events of its socket, which know no trace.
  app.addHook('preHandler', function returnToTrace(request, _reply, done) {
    within(request, done)
  })
  app.addHook('onClose', close)
}

export default fp(tracing, { name: 'tracing', dependencies: ['config', 'logging'] })
