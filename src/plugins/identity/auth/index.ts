import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './audit-events.ts'
import './env.ts'
import { deleteEnded, ENDS } from './cleanup.ts'
import { addGuards } from './guards.ts'
import { createInsertSession, type Gate, type InsertSession } from './insert-session.ts'
import { createLoginMethods } from './login-methods.ts'
import { createNewSessions, type NewSessions } from './new-session.ts'
import { createPasswordLogin, type PasswordLogin } from './password-login.ts'
import { createRenewSession, type RenewSession } from './renew-session.ts'
import { createResync, type Resync, resyncRegularly } from './resync.ts'
import type { RevocationListener } from './revocation-listeners.ts'
import { createRevocations, type Revocations } from './revocations.ts'
import { createRevokeRows, type RevokeRows } from './revoke-rows.ts'
import routes from './routes.ts'
import { createLimitQueries, createSurplusCleanup, type LimitQueries } from './session-limit.ts'
import { createSessions, type Sessions } from './sessions.ts'
import type { Strategy } from './strategy.ts'

declare module 'fastify' {
  interface FastifyInstance {
    sessions: Sessions & RevokeRows & LimitQueries & InsertSession
    revocations: Revocations & Resync
    /** The ways to carry a session, by their `kind`. */
    strategies: Map<string, Strategy>
    /** Each is asked before a session is inserted. */
    gates: Gate[]
    newSessions: NewSessions & RenewSession
    passwordLogin: PasswordLogin
  }
}

/** Sessions, whatever carries them: how they begin, how they end, and the guards. */
async function auth(app: FastifyInstance) {
  const { db, tables, transaction, prepareOne, write } = app
  const listeners: RevocationListener[] = []
  app.decorate('gates', []).decorate('factorRemovals', []).decorate('accessRemovals', []).decorate('deletionChecks', [])
  app.decorate('loginMethods', createLoginMethods(app))
  const revokeRows = createRevokeRows(transaction, tables, app.audit, app.accessRemovals, app.deletionChecks)
  app.decorate('sessions', {
    ...createSessions(db, tables, prepareOne, write),
    ...revokeRows,
    ...createLimitQueries(db, transaction, tables),
    ...createInsertSession(transaction, tables, app.audit, app.gates, revokeRows)
  })
  const revocations = createRevocations(app.sessions, listeners, app.config.MAX_SESSIONS_PER_USER)
  app.decorate('revocations', { ...revocations, ...createResync(app.sessions, listeners) })
  app.decorate('strategies', new Map()).decorate('reauthentications', new Map())
  app.decorate('newSessions', { ...createNewSessions(app), ...createRenewSession(app) })
  app.decorate('passwordLogin', createPasswordLogin(app))
  addGuards(app)
  app.mount('/api/auth', routes)
  resyncRegularly(app)
  for (const end of ENDS) app.cleanup.add((now) => deleteEnded(app, end, now))
  app.cleanup.add(createSurplusCleanup(app))
}

export default fp(auth, {
  name: 'auth',
  dependencies: ['config', 'db', 'redis', 'cleanup', 'audit', 'router', 'throttle', 'users']
})
