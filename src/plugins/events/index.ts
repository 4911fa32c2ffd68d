import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { createEvents, type Events } from './events.ts'

declare module 'fastify' {
  interface FastifyInstance {
    events: Events
  }
}

/** Writes security events down, and forgets them after EVENTS_TTL. */
async function events(app: FastifyInstance) {
  app.decorate('events', createEvents(app.db, app.tables, app.atomically))
  app.sweeper.add((now) => app.events.sweep(new Date(now.getTime() - app.config.EVENTS_TTL * 1000)))
}

export default fp(events, { name: 'events', dependencies: ['config', 'logging', 'db', 'sweep'] })
