import { Gauge, type Registry } from '@prometheus-io/client'
import type { FastifyInstance } from 'fastify'
import { createGauges } from './gauges.ts'

/** The state of dependencies and queues, read at each scrape and never during a request. */
export function createStateMetrics(app: FastifyInstance, registry: Registry) {
  const { counter } = createGauges(registry)
  const registers = [registry]
  new Gauge({
    name: 'dependency_up',
    help: 'Whether the database or Redis is available: 1 or 0',
    labelNames: ['dependency'],
    registers,
    async collect() {
      for (const [dependency, { check }] of app.dependencies)
        await check().then(
          () => this.set({ dependency }, 1),
          () => this.set({ dependency }, 0)
        )
    }
  })
  new Gauge({
    name: 'password_hashes',
    help: 'Password hashes being computed (running) or queued (waiting)',
    labelNames: ['state'],
    registers,
    collect() {
      const { running, waiting } = app.passwords.load()
      this.set({ state: 'running' }, running)
      this.set({ state: 'waiting' }, waiting)
    }
  })
  counter(
    'password_hashes_refused_total',
    'Password hashes rejected with 503 because the queue was full or too slow',
    () => app.passwords.load().refused
  )
  counter('http_requests_shed_total', 'Requests rejected with 503 by load shedding', () => app.shedRequests())
  new Gauge({
    name: 'blocklist_entries',
    help: 'Revoked token sessions whose access tokens may still be valid; absent if SQL is unavailable',
    registers,
    async collect() {
      await app.revocations.size().then(
        (size) => this.set(size),
        () => this.remove()
      )
    }
  })
}
