import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './audit-events.ts'
import './env.ts'
import type { Account } from './account.ts'
import { createSurplusCleanup, ENDS, sweep } from './cleanup.ts'
import { type Credentials, createCredentials } from './credentials.ts'
import { createEndings, type Endings } from './endings.ts'
import { createGuards, type Guards } from './guards.ts'
import { keepResyncing } from './keep-resyncing.ts'
import { createResync, type Resync, type RevocationListener } from './resync.ts'
import { createRevocations, type Revocations } from './revocations.ts'
import routes from './routes.ts'
import { createSessions, type Sessions } from './sessions.ts'
import type { Strategy } from './strategy.ts'
import { createSurplus, type Surplus } from './surplus.ts'
import type { Session as SessionRow } from './tables.ts'
import { createTransactions, type Transactions } from './transactions.ts'

declare module 'fastify' {
  interface FastifyInstance {
    sessions: Sessions & Endings & Surplus & Transactions
    revocations: Revocations & Resync
    strategies: Map<SessionRow['kind'], Strategy>
    credentials: Credentials
    identify: Guards['identify']
    authenticate: Guards['authenticate']
    authenticateToRevoke: Guards['authenticateToRevoke']
    requireFresh: Guards['requireFresh']
  }
  interface FastifyRequest {
    account: Account | null
  }
}

/** What a login is, whatever carries it; how it ends; and the guards. */
async function auth(app: FastifyInstance) {
  const { db, tables, transaction, prepareOne } = app
  const listeners: RevocationListener[] = []
  const endings = { ...createEndings(transaction, tables, app.audit), ...createSurplus(db, transaction, tables) }
  const transactions = createTransactions(transaction, tables, app.audit, endings)
  app.decorate('sessions', { ...createSessions(db, tables, prepareOne), ...endings, ...transactions })
  app.decorate('revocations', {
    ...createRevocations(app.sessions, listeners, app.config.MAX_SESSIONS_PER_USER),
    ...createResync(app.sessions, listeners)
  })
  app.decorate('strategies', new Map())
  app.decorate('credentials', createCredentials(app))
  app.decorateRequest('account', null)
  const { identify, authenticate, authenticateToRevoke, requireFresh } = createGuards(app)
  app.decorate('identify', identify).decorate('authenticate', authenticate)
  app.decorate('authenticateToRevoke', authenticateToRevoke).decorate('requireFresh', requireFresh)
  app.mount('/api/auth', routes)
  keepResyncing(app)
  for (const end of ENDS) app.cleanup.add((now) => sweep(app, end, now))
  app.cleanup.add(createSurplusCleanup(app))
}

export default fp(auth, {
  name: 'auth',
  dependencies: ['config', 'db', 'redis', 'cleanup', 'audit', 'router', 'throttle', 'users']
})
