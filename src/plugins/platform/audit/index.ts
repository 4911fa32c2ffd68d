import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import { type Audit, createAudit } from './audit.ts'

declare module 'fastify' {
  interface FastifyInstance {
    audit: Audit
  }
}

/** Failed logins with names that nobody has: for an hour, since their number is up to strangers. */
const ANONYMOUS_TTL_MS = 3_600_000

/** Writes security events down, and forgets them after EVENTS_TTL. */
async function audit(app: FastifyInstance) {
  app.decorate('audit', createAudit(app.db, app.tables, app.transaction))
  app.cleanup.add((now) => app.audit.cleanUp(new Date(now.getTime() - app.config.EVENTS_TTL * 1000)))
  app.cleanup.add((now) => app.audit.cleanUpAnonymous(new Date(now.getTime() - ANONYMOUS_TTL_MS)))
}

export default fp(audit, { name: 'audit', dependencies: ['config', 'logging', 'db', 'cleanup'] })
