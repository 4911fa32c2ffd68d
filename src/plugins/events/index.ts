import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { createEvents, type Events } from './events.ts'

declare module 'fastify' {
  interface FastifyInstance {
    events: Events
  }
}

/** Failed logins with names that nobody has: for an hour, since their number is up to strangers. */
const ANONYMOUS_TTL_MS = 3_600_000

/** Writes security events down, and forgets them after EVENTS_TTL. */
async function events(app: FastifyInstance) {
  app.decorate('events', createEvents(app.db, app.tables, app.atomically))
  app.sweeper.add((now) => app.events.sweep(new Date(now.getTime() - app.config.EVENTS_TTL * 1000)))
  app.sweeper.add((now) => app.events.sweepAnonymous(new Date(now.getTime() - ANONYMOUS_TTL_MS)))
}

export default fp(events, { name: 'events', dependencies: ['config', 'logging', 'db', 'sweep'] })
