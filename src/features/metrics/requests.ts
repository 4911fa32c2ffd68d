import type { ServerResponse } from 'node:http'
import { Histogram, type Registry } from '@prometheus-io/client'
import { createGauges } from './gauges.ts'

/** From what the check of a login takes to the longest answer that is promised, in seconds. */
const BUCKETS = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5]

/** Requests by method, route pattern (never the address: anything may stand there) and status. */
export function createRequestMetrics(registry: Registry) {
  const { gauge, counter } = createGauges(registry)
  let begun = 0
  let answered = 0
  let closed = 0
  const close = () => void closed++
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from receiving a request to finishing the reply',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers: [registry]
  })
  gauge('http_requests_in_flight', 'Requests in flight', () => begun - closed)
  counter('http_requests_aborted_total', 'Requests that the client aborted', () => closed - answered)

  return {
    // Fastify does not tell of a client that goes after it has sent a body; Node always closes its answer.
    begin(answer: ServerResponse) {
      begun++
      answer.on('close', close)
    },
    end(method: string, route = 'none', status: number, durationMs: number) {
      answered++
      durations.observe({ method, route, status }, durationMs / 1000)
    }
  }
}
