import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Login } from '../db/types.ts'
import type { Account } from './account.ts'
import { createGuards, type Guards } from './guards.ts'
import { createLogins, type Logins } from './logins.ts'
import { createRevocations, type Revocations } from './revocations.ts'
import type { Strategy } from './strategy.ts'

declare module 'fastify' {
  interface FastifyInstance {
    logins: Logins
    revocations: Revocations
    strategies: Map<Login['kind'], Strategy>
    /** Who asks, or null; a 401 for a credential that does not count. */
    identify: Guards['identify']
    /** The guard, an onRequest hook: sets `request.account` or answers 401. */
    authenticate: Guards['authenticate']
    /** The guard of logout: it may be repeated until its revocation is stored everywhere. */
    authenticateToLogOut: Guards['authenticateToLogOut']
  }
  interface FastifyRequest {
    account: Account | null
  }
}

const REPLAY_MS = { memory: 1000, redis: 10_000 }

/** What a login is, whatever carries it; how it ends; and the guard. */
async function auth(app: FastifyInstance) {
  const logins = createLogins(app.db, app.tables, app.atomically)
  const revocations = createRevocations(logins)
  const strategies = new Map<Login['kind'], Strategy>()

  const guards = createGuards(strategies, logins, app.config.FRESH_FOR)

  app.decorate('logins', logins)
  app.decorate('revocations', revocations)
  app.decorate('strategies', strategies)
  app.decorateRequest('account', null)
  app.decorate('identify', guards.identify)
  app.decorate('authenticate', guards.authenticate)
  app.decorate('authenticateToLogOut', guards.authenticateToLogOut)

  // A restart, another process or a Redis that lost its data revives nothing: SQL is read again.
  const replay = () => revocations.replayRecent(new Date()).catch((err: unknown) => app.log.debug({ err }, 'no replay'))
  app.redis?.onRecover(() => revocations.replayAll(new Date()))
  let timer: NodeJS.Timeout | undefined
  app.addHook('onReady', async () => {
    await replay()
    timer = setInterval(() => void replay(), app.redis ? REPLAY_MS.redis : REPLAY_MS.memory)
  })
  app.addHook('onClose', async () => clearInterval(timer))
}

export default fp(auth, { name: 'auth', dependencies: ['config', 'db', 'redis', 'users'] })
