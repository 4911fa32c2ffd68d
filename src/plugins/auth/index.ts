import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Login } from '../db/types.ts'
import type { Account } from './account.ts'
import { type Credentials, createCredentials } from './credentials.ts'
import { createEndings, type Endings } from './endings.ts'
import { createGuards, type Guards } from './guards.ts'
import { keepReplaying } from './keep-replaying.ts'
import { createLogins, type Logins } from './logins.ts'
import { createReplay, type Replay, type RevocationListener } from './replay.ts'
import { createRevocations, type Revocations } from './revocations.ts'
import type { Strategy } from './strategy.ts'
import { createSurplus, type Surplus } from './surplus.ts'
import { createSurplusSweep, ENDS, sweep } from './sweep.ts'
import { createTransactions, type Transactions } from './transactions.ts'

declare module 'fastify' {
  interface FastifyInstance {
    logins: Logins & Endings & Surplus & Transactions
    revocations: Revocations & Replay
    strategies: Map<Login['kind'], Strategy>
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
  const { db, tables, atomically, prepareFirst } = app
  const listeners: RevocationListener[] = []
  const endings = { ...createEndings(atomically, tables, app.events), ...createSurplus(db, atomically, tables) }
  const transactions = createTransactions(atomically, tables, app.events, endings)
  app.decorate('logins', { ...createLogins(db, tables, prepareFirst), ...endings, ...transactions })
  app.decorate('revocations', {
    ...createRevocations(app.logins, listeners, app.config.MAX_SESSIONS_PER_USER),
    ...createReplay(app.logins, listeners)
  })
  app.decorate('strategies', new Map())
  app.decorate('credentials', createCredentials(app))
  app.decorateRequest('account', null)
  const guards = createGuards(app)
  app.decorate('identify', guards.identify)
  app.decorate('authenticate', guards.authenticate)
  app.decorate('authenticateToRevoke', guards.authenticateToRevoke)
  app.decorate('requireFresh', guards.requireFresh)

  keepReplaying(app)
  for (const end of ENDS) app.sweeper.add((now) => sweep(app, end, now))
  app.sweeper.add(createSurplusSweep(app))
}

export default fp(auth, {
  name: 'auth',
  dependencies: ['config', 'db', 'redis', 'sweep', 'events', 'throttle', 'users']
})
