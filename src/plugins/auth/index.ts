import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Login } from '../db/types.ts'
import type { Account } from './account.ts'
import { Unauthenticated } from './errors.ts'
import { createLogins, type Logins } from './logins.ts'
import { createRevocations, type Revocations } from './revocations.ts'
import type { Strategy } from './strategy.ts'

declare module 'fastify' {
  interface FastifyInstance {
    logins: Logins
    revocations: Revocations
    strategies: Map<Login['kind'], Strategy>
    /** Who asks, or null; a 401 for a credential that does not count. */
    identify: (request: FastifyRequest, reply: FastifyReply) => Promise<Account | null>
    /** The guard, an onRequest hook: sets `request.account` or answers 401. */
    authenticate: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
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

  async function identify(request: FastifyRequest, reply: FastifyReply) {
    for (const strategy of strategies.values()) {
      const account = await strategy.identify(request, reply)
      if (account !== null) return account
    }
    return null
  }

  app.decorate('logins', logins)
  app.decorate('revocations', revocations)
  app.decorate('strategies', strategies)
  app.decorate('identify', identify)
  app.decorateRequest('account', null)
  app.decorate('authenticate', async function authenticate(request, reply) {
    request.account = await identify(request, reply)
    if (request.account === null) throw new Unauthenticated()
  })

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
