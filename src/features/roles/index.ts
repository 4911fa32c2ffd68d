import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import Type from 'typebox'
import './audit-events.ts'
import './env.ts'
import { createAuthorization } from './authorization.ts'
import { type Changes, createChanges } from './changes.ts'
import { createDirectory } from './directory.ts'
import { LastAdmin } from './errors.ts'
import { createBanGate } from './gate.ts'
import { createRequirePermission, type RequirePermission } from './guard.ts'
import { createPeople } from './people.ts'
import { DEFAULT_ROLE, permissionsOf } from './permissions.ts'
import { createRoutes } from './routes.ts'

declare module 'fastify' {
  interface FastifyInstance {
    requirePermission: RequirePermission
    roleChanges: Changes
  }
}

/** Roles, what they permit, and bans. */
async function roles(app: FastifyInstance) {
  const people = createPeople(app.db, app.tables, app.prepareOne)
  const authorization = createAuthorization(app, people)
  const changes = createChanges(app, authorization)
  const roleOf = async (userId: string) => (await people.find(userId))?.role ?? DEFAULT_ROLE
  app.decorate('requirePermission', createRequirePermission(app, people))
  app.decorate('roleChanges', changes)
  app.gates.push(createBanGate(people, app.audit))
  app.deletionChecks.push(Object.assign(authorization.beforeDeletion, { refusals: [LastAdmin] }))
  app.securityView.set('role', { schema: Type.String(), read: roleOf })
  app.securityView.set('permissions', {
    schema: Type.Array(Type.String()),
    read: async (userId) => permissionsOf(await roleOf(userId))
  })
  app.mount('/api/admin/users', createRoutes(createDirectory(app.db, app.tables), changes))
}

export default fp(roles, {
  name: 'roles',
  dependencies: ['config', 'db', 'audit', 'router', 'users', 'auth']
})
