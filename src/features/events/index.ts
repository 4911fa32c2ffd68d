import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import { createEvents } from './events.ts'
import { createRoutes } from './routes.ts'

/** Failed logins with unknown names are kept for an hour only: strangers can cause any number of them. */
const ANONYMOUS_TTL_MS = 3_600_000

/** Stores the security events of accounts, shows them to their users, and deletes them after EVENTS_TTL. */
async function events(app: FastifyInstance) {
  const { store, list, deleteExpired, deleteAnonymous } = createEvents(app.db, app.tables, app.transaction)
  app.audit.storeIn(store)
  app.mount('/api/users', createRoutes({ list }))
  app.cleanup.add((now) => deleteExpired(new Date(now.getTime() - app.config.EVENTS_TTL * 1000)))
  app.cleanup.add((now) => deleteAnonymous(new Date(now.getTime() - ANONYMOUS_TTL_MS)))
}

export default fp(events, { name: 'events', dependencies: ['config', 'db', 'cleanup', 'audit', 'router', 'auth'] })
