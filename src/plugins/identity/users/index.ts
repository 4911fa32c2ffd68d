import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './audit-events.ts'
import './env.ts'
import type { Step } from '../../platform/db/types.ts'
import { createPasswords, HASHES_AT_ONCE, type Passwords } from './passwords.ts'
import routes from './routes.ts'
import type { User } from './tables.ts'
import { createUserView, type Member, type SignUpMember, type UserView } from './user-view.ts'
import { createUsers, type Users } from './users.ts'

declare module 'fastify' {
  interface FastifyInstance {
    users: Users
    passwords: Passwords
    /** What replies show of a user, and the members that features add to it. */
    userView: UserView
    /** What features add to GET /api/users/me/security. */
    securityView: Map<string, Member>
    /** What features add to the reply of a sign-up. */
    signUpMembers: Map<string, SignUpMember>
    /** The steps that features add to a transaction in which somebody proves to own the address of an account. */
    verifiedEmailSteps: ((user: Pick<User, 'id' | 'emailKey'>, now: Date) => Record<string, Step<unknown>>)[]
  }
}

/** User accounts and their passwords. */
async function users(app: FastifyInstance) {
  app.mount('/api/users', routes)
  app.decorate('userView', createUserView())
  app.decorate('securityView', new Map()).decorate('signUpMembers', new Map()).decorate('verifiedEmailSteps', [])
  app.decorate('users', createUsers(app.db, app.tables, app.prepareOne))
  app.decorate('passwords', createPasswords(HASHES_AT_ONCE))
}

export default fp(users, { name: 'users', dependencies: ['config', 'db', 'router'] })
