import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './audit-events.ts'
import './env.ts'
import auditRoutes from './audit-routes.ts'
import { createPasswords, HASHES_AT_ONCE, type Passwords } from './passwords.ts'
import routes from './routes.ts'
import { createUsers, type Users } from './users.ts'

declare module 'fastify' {
  interface FastifyInstance {
    users: Users
    passwords: Passwords
  }
}

/** User accounts and their passwords. */
async function users(app: FastifyInstance) {
  app.mount('/api/users', routes)
  app.mount('/api/users', auditRoutes)
  app.decorate('users', createUsers(app.db, app.tables, app.prepareOne))
  app.decorate('passwords', createPasswords(HASHES_AT_ONCE, app.config.PASSWORD_MIN_LENGTH))
}

export default fp(users, { name: 'users', dependencies: ['config', 'db', 'router'] })
