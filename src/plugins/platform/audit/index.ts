import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Audit, createAudit } from './audit.ts'

declare module 'fastify' {
  interface FastifyInstance {
    audit: Audit
  }
}

/** Logs security events, and hands those about an account to a store. */
async function audit(app: FastifyInstance) {
  app.decorate('audit', createAudit(app.db))
}

export default fp(audit, { name: 'audit', dependencies: ['logging', 'db'] })
