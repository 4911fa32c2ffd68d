import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import type { NamedSteps } from '../../plugins/identity/auth/insert-session.ts'
import { createMessageCleanup } from './cleanup.ts'
import { createFanOut } from './fan-out.ts'
import { createInbox } from './inbox.ts'
import { createLog } from './log.ts'
import type { NewMessage } from './messages.ts'
import { measureRealtime } from './metrics.ts'
import { redisReplicas } from './redis.ts'
import { noReplicas } from './replicas.ts'
import { createRoutes } from './routes.ts'
import { createStreamRoutes } from './stream-routes.ts'
import { createStreams } from './streams.ts'
import { createStreamTickets } from './tickets.ts'
import { watchRegularly } from './watch.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * The steps that notify a user, for the transaction of what it is about: nothing is sent unless it commits, and nothing is lost
     * if it does. `app.transaction({ steps: { …, ...app.notify(userId, { type, data }) } })`
     */
    notify: (userId: string, message: NewMessage) => NamedSteps
  }
}

/** Notifications: stored with what they are about, listed, and streamed to every open page of their user. */
async function realtime(app: FastifyInstance) {
  const { db, tables, transaction, prepareOne, config } = app
  const log = createLog(db, tables, prepareOne)
  const fanOut = createFanOut(log, app.log)
  const streams = createStreams(config, log, fanOut)
  const replicas = (await redisReplicas(app, fanOut)) ?? noReplicas

  function announce(channel: string, seq: number) {
    fanOut.wake(channel, seq)
    replicas.tell(channel, seq)
  }
  app.decorate('notify', (userId, message) => log.append(userId, message, new Date(), announce))
  app.revocations.onRevoked({
    // Every round asks SQL which sessions live, so there is nothing to prepare and nothing to catch up with.
    windowMs: async () => 0,
    prepare: async () => async () => {},
    begin: async () => async () => {},
    add: async (sessions) => streams.endSessions(sessions)
  })
  app.mount('/api/realtime', createStreamRoutes(streams, createStreamTickets(app)))
  app.mount('/api/notifications', createRoutes(createInbox(db, tables)))
  const deleteExpired = createMessageCleanup(tables, transaction)
  app.cleanup.add((now) => deleteExpired(new Date(now.getTime() - config.MESSAGES_TTL * 1000)))
  await measureRealtime(app, streams, fanOut)
  watchRegularly(app, { streams, fanOut, log, replicas })
}

export default fp(realtime, {
  name: 'realtime',
  dependencies: ['config', 'db', 'redis', 'cleanup', 'router', 'cookies', 'health', 'users', 'tickets', 'auth']
})
