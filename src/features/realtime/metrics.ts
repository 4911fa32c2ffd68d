import type { FastifyInstance } from 'fastify'
import type { Parts } from './parts.ts'

/** In seconds, from a local commit to the longest wait without Redis. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10]

/** Measures streams, if there are metrics. */
export async function measureRealtime(
  { metrics }: Pick<FastifyInstance, 'metrics'>,
  { connections, fanOut }: Pick<Parts, 'connections' | 'fanOut'>
) {
  if (metrics === null) return
  const { Counter, Gauge, Histogram } = await import('@prometheus-io/client')
  const registers = [metrics]
  new Gauge({
    name: 'realtime_streams',
    help: 'Open streams and sockets',
    registers,
    collect() {
      this.set(connections.count())
    }
  })
  new Counter({
    name: 'realtime_streams_ended_total',
    help: 'Streams and sockets that ended, by reason: closed by the client, cut because the client did not read (slow), or a code of bye',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset()
      for (const [reason, count] of Object.entries(connections.ended())) this.inc({ reason }, count)
    }
  })
  const lag = new Histogram({
    name: 'realtime_delivery_lag_seconds',
    help: 'Time from the creation of a message to its delivery to the open streams of this replica',
    buckets: BUCKETS,
    registers
  })
  fanOut.onDelivered(({ createdAt }) => lag.observe(Math.max(0, Date.now() - createdAt.getTime()) / 1000))
}
