import type { FastifyInstance } from 'fastify'
import type { Sockets } from './sockets.ts'

/** Counts sockets, if there are metrics. */
export async function measureSockets({ metrics }: Pick<FastifyInstance, 'metrics'>, sockets: Sockets) {
  if (metrics === null) return
  const { Gauge } = await import('@prometheus-io/client')
  new Gauge({
    name: 'realtime_sockets',
    help: 'Open sockets',
    registers: [metrics],
    collect() {
      this.set(sockets.count())
    }
  })
}
