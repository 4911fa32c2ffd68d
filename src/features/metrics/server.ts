import { createServer } from 'node:http'
import type { Registry } from '@prometheus-io/client'

/** Serves only GET /metrics, for a few scrapers. */
export function createMetricsServer(registry: Registry, onFault: (err: unknown) => void) {
  const limits = { headersTimeout: 5000, requestTimeout: 5000, connectionsCheckingInterval: 1000, maxHeaderSize: 4096 }
  const server = createServer(limits, ({ method, url }, response) => {
    if (method !== 'GET' || url !== '/metrics') return void response.writeHead(404).end()
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      (err: unknown) => {
        onFault(err)
        response.writeHead(500).end()
      }
    )
  })
  server.maxConnections = 20
  return server
}
