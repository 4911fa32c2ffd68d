import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import { OperatorError } from '../../plugins/platform/config/operator-error.ts'

/** The packages are imported only if an endpoint is set, so otherwise they do not have to be installed. */
async function load() {
  try {
    return await import('./tracing.ts')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new OperatorError(
      'OTEL_EXPORTER_OTLP_ENDPOINT is set, but its packages are not installed: see docs/tracing.md'
    )
  }
}

/** Sends traces of requests, with their queries to PostgreSQL and Redis, to OTEL_EXPORTER_OTLP_ENDPOINT. */
async function tracing(app: FastifyInstance) {
  const endpoint = app.config.OTEL_EXPORTER_OTLP_ENDPOINT
  // With an instrumentation file of your own, @fastify/otel is already there.
  if (endpoint === null || app.hasPlugin('@fastify/otel')) return
  const { openTracing } = await load()
  const { plugin, within, close } = openTracing(endpoint, {
    // Only a trusted proxy may say which trace a request belongs to.
    trustsCallers: app.config.TRUST_PROXY.length > 0,
    report(isDelivered, err) {
      const line = { event: isDelivered ? 'dependency_up' : 'dependency_down', dependency: 'traces', err }
      app.log[isDelivered ? 'info' : 'error'](
        line,
        isDelivered ? 'traces are exported again' : 'could not export traces'
      )
    }
  })
  app.addHook('onRoute', (route) => {
    if (route.config?.isProbe) route.config.otel = false
  })
  await app.register(plugin)
  // Restores the trace context, which is lost while the body is read from the socket.
  app.addHook('preHandler', function returnToTrace(request, _reply, done) {
    within(request, done)
  })
  app.addHook('onClose', close)
}

export default fp(tracing, { name: 'tracing', dependencies: ['config', 'logging'] })
