import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import { type Audit, createAudit } from './audit.ts'

declare module 'fastify' {
  interface FastifyInstance {
    audit: Audit
  }
}

/** Failed logins with unknown names are kept for an hour only: strangers can cause any number of them. */
const ANONYMOUS_TTL_MS = 3_600_000

/** Logs and stores security events, and deletes them after EVENTS_TTL. */
async function audit(app: FastifyInstance) {
  app.decorate('audit', createAudit(app.db, app.tables, app.transaction))
  app.cleanup.add((now) => app.audit.deleteExpired(new Date(now.getTime() - app.config.EVENTS_TTL * 1000)))
  app.cleanup.add((now) => app.audit.deleteAnonymous(new Date(now.getTime() - ANONYMOUS_TTL_MS)))
}

export default fp(audit, { name: 'audit', dependencies: ['config', 'logging', 'db', 'cleanup'] })
