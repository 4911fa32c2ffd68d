import { Registry } from '@prometheus-io/client'
import type { FastifyInstance } from 'fastify'
import { createProcessMetrics } from './process.ts'
import { createRequestMetrics } from './requests.ts'
import { countSecurityEvents } from './security.ts'
import { createMetricsServer } from './server.ts'
import { createStateMetrics } from './state.ts'

/** Creates every metric of the service, and the server that exposes them. */
export function openMetrics(app: FastifyInstance) {
  const registry = new Registry()
  const requests = createRequestMetrics(registry)
  const stopCounting = countSecurityEvents(registry)
  createStateMetrics(app, registry)
  const stopMeasuring = createProcessMetrics(registry)
  const server = createMetricsServer(registry, (err) => app.log.error({ err }, 'could not collect metrics'))

  function close() {
    stopCounting()
    stopMeasuring()
    server.close()
    server.closeAllConnections()
  }
  return { registry, requests, server, close }
}
