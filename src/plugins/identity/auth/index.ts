import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './audit-events.ts'
import './env.ts'
import { createSurplusCleanup, ENDS, sweep } from './cleanup.ts'
import { createEndings, type Endings } from './endings.ts'
import { addGuards } from './guards.ts'
import { createInsertSession, type Gate, type InsertSession } from './insert-session.ts'
import { keepResyncing } from './keep-resyncing.ts'
import { createNewSessions, type NewSessions } from './new-session.ts'
import { createPasswordLogin, type PasswordLogin } from './password-login.ts'
import { createResync, type Resync, type RevocationListener } from './resync.ts'
import { createRevocations, type Revocations } from './revocations.ts'
import routes from './routes.ts'
import { createSessions, type Sessions } from './sessions.ts'
import type { Strategy } from './strategy.ts'
import { createSurplus, type Surplus } from './surplus.ts'

declare module 'fastify' {
  interface FastifyInstance {
    sessions: Sessions & Endings & Surplus & InsertSession
    revocations: Revocations & Resync
    /** The ways to carry a session, by their `kind`. */
    strategies: Map<string, Strategy>
    /** Each is asked before a session is inserted. */
    gates: Gate[]
    newSessions: NewSessions
    passwordLogin: PasswordLogin
  }
}

/** Sessions, whatever carries them: how they begin, how they end, and the guards. */
async function auth(app: FastifyInstance) {
  const { db, tables, transaction, prepareOne } = app
  const listeners: RevocationListener[] = []
  const endings = { ...createEndings(transaction, tables, app.audit), ...createSurplus(db, transaction, tables) }
  app.decorate('gates', [])
  const insertSession = createInsertSession(transaction, tables, app.audit, app.gates, endings)
  app.decorate('sessions', { ...createSessions(db, tables, prepareOne), ...endings, ...insertSession })
  app.decorate('revocations', {
    ...createRevocations(app.sessions, listeners, app.config.MAX_SESSIONS_PER_USER),
    ...createResync(app.sessions, listeners)
  })
  app.decorate('strategies', new Map())
  app.decorate('newSessions', createNewSessions(app))
  app.decorate('passwordLogin', createPasswordLogin(app))
  addGuards(app)

  app.mount('/api/auth', routes)
  keepResyncing(app)
  for (const end of ENDS) app.cleanup.add((now) => sweep(app, end, now))
  app.cleanup.add(createSurplusCleanup(app))
}

export default fp(auth, {
  name: 'auth',
  dependencies: ['config', 'db', 'redis', 'cleanup', 'audit', 'router', 'throttle', 'users']
})
