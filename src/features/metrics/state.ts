import { Gauge, type Registry } from '@prometheus-io/client'
import type { FastifyInstance } from 'fastify'
import { createGauges } from './gauges.ts'

/** How the parts are at the moment of the scrape: they are asked then, and never by a request. */
export function createStateMetrics(app: FastifyInstance, registry: Registry) {
  const { counter } = createGauges(registry)
  const registers = [registry]
  new Gauge({
    name: 'dependency_up',
    help: 'Whether the database and Redis can be used: 1 or 0',
    labelNames: ['dependency'],
    registers,
    async collect() {
      const isDatabaseUp = await app.checkDatabase().then(
        () => true,
        () => false
      )
      this.set({ dependency: 'database' }, Number(isDatabaseUp))
      if (app.redis) this.set({ dependency: 'redis' }, Number(app.redis.isUp()))
    }
  })
  new Gauge({
    name: 'password_hashes',
    help: 'Password hashes that are being computed (running) or wait for their turn (waiting)',
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
    'Hashes that found no place in time: 503',
    () => app.passwords.load().refused
  )
  counter('http_requests_shed_total', 'Requests refused with 503 while the event loop was late', () =>
    app.shedRequests()
  )
  new Gauge({
    name: 'blocklist_entries',
    help: 'Revoked token logins of which an access token may still be alive; none while SQL cannot say',
    registers,
    async collect() {
      await app.revocations.size().then(
        (size) => this.set(size),
        () => this.remove()
      )
    }
  })
}
