import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Login } from '../db/types.ts'
import type { Account } from './account.ts'
import { type Credentials, createCredentials } from './credentials.ts'
import { createGuards, type Guards } from './guards.ts'
import { createLogins, type Logins } from './logins.ts'
import { createRevocations, type Revocations } from './revocations.ts'
import type { Strategy } from './strategy.ts'
import { ENDS, sweep } from './sweep.ts'
import { createTransactions, type Transactions } from './transactions.ts'

declare module 'fastify' {
  interface FastifyInstance {
    logins: Logins & Transactions
    revocations: Revocations
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

const REPLAY_MS = { memory: 1000, redis: 10_000 }

/** What a login is, whatever carries it; how it ends; and the guards. */
async function auth(app: FastifyInstance) {
  const { db, tables, atomically, prepareFirst } = app
  const logins = createLogins(db, tables, prepareFirst, atomically)
  app.decorate('logins', { ...logins, ...createTransactions(atomically, tables) })
  app.decorate('revocations', createRevocations(app.logins, app.events))
  app.decorate('strategies', new Map())
  app.decorate('credentials', createCredentials(app))
  app.decorateRequest('account', null)
  const guards = createGuards(app)
  app.decorate('identify', guards.identify)
  app.decorate('authenticate', guards.authenticate)
  app.decorate('authenticateToRevoke', guards.authenticateToRevoke)
  app.decorate('requireFresh', guards.requireFresh)

  // A restart, another process or a Redis that lost its data revives nothing: SQL is read again.
  const log = (err: unknown) => app.log.debug({ err }, 'not now: SQL cannot be read')
  const replay = () => app.revocations.replayRecent(new Date()).catch(log)
  app.redis?.onRecover(() => app.revocations.replayAll(new Date()))
  for (const end of ENDS) app.sweeper.add((now) => sweep(app, end, now))
  let timer: NodeJS.Timeout | undefined
  app.addHook('onReady', async () => {
    await replay()
    timer = setInterval(() => void replay(), app.redis ? REPLAY_MS.redis : REPLAY_MS.memory)
  })
  app.addHook('onClose', async () => clearInterval(timer))
}

export default fp(auth, {
  name: 'auth',
  dependencies: ['config', 'db', 'redis', 'sweep', 'events', 'throttle', 'users']
})
