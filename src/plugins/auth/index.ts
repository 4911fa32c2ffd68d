import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Login } from '../db/types.ts'
import type { Account } from './account.ts'
import { type Credentials, createCredentials } from './credentials.ts'
import { createEndings, type Endings } from './endings.ts'
import { createGuards, type Guards } from './guards.ts'
import { createLogins, type Logins } from './logins.ts'
import { createReplay, type Replay, type RevocationListener } from './replay.ts'
import { createRevocations, type Revocations } from './revocations.ts'
import type { Strategy } from './strategy.ts'
import { createSurplusSweep, ENDS, sweep } from './sweep.ts'
import { createTransactions, type Transactions } from './transactions.ts'

declare module 'fastify' {
  interface FastifyInstance {
    logins: Logins & Endings & Transactions
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

/** What another process revokes is known here within a second. */
const REPLAY_MS = 500
/** How long the start waits for that to be known, in ms: SQL answers until it is. */
const START_WAIT_MS = 200

/** What a login is, whatever carries it; how it ends; and the guards. */
async function auth(app: FastifyInstance) {
  const { db, tables, atomically, prepareFirst } = app
  const listeners: RevocationListener[] = []
  const endings = createEndings(atomically, tables, app.events)
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

  // A restart, another process or a Redis that lost its data revives nothing: SQL is read again.
  let replaying: Promise<void> | null = null
  function replay() {
    replaying ??= app.revocations
      .replayRecent(new Date())
      .catch((err: unknown) => app.log.debug({ err }, 'not now: SQL cannot be read'))
      .finally(() => {
        replaying = null
      })
    return replaying
  }
  app.redis?.onRecover(() => app.revocations.replayAll(new Date()))
  for (const end of ENDS) app.sweeper.add((now) => sweep(app, end, now))
  app.sweeper.add(createSurplusSweep(app))
  let timer: NodeJS.Timeout | undefined
  app.addHook('onReady', async () => {
    await Promise.race([replay(), sleep(START_WAIT_MS, undefined, { ref: false })])
    timer = setInterval(() => void replay(), REPLAY_MS)
  })
  app.addHook('onClose', async () => {
    clearInterval(timer)
    await replaying
  })
}

export default fp(auth, {
  name: 'auth',
  dependencies: ['config', 'db', 'redis', 'sweep', 'events', 'throttle', 'users']
})
