import type { ServerResponse } from 'node:http'
import { Histogram, type Registry } from '@prometheus-io/client'
import { createGauges } from './gauges.ts'

/** In seconds, from the time of a session check to the longest reply time that we promise. */
const BUCKETS = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5]

/** Requests by method, status, and route pattern. Never by URL, which can contain anything. */
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
    // Fastify does not report a client that disconnects after sending its body, but Node always closes the reply.
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
