import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import type { NamedSteps } from '../../plugins/identity/auth/insert-session.ts'
import { createMessageCleanup } from './cleanup.ts'
import { createInbox } from './inbox.ts'
import { inboxOf, type NewMessage } from './messages.ts'
import { measureRealtime } from './metrics.ts'
import { sendNotices } from './notices.ts'
import { createParts, type Parts } from './parts.ts'
import { createRoutes } from './routes.ts'
import { createStreamRoutes } from './stream-routes.ts'
import { createStreams } from './streams.ts'
import { watchRegularly } from './watch.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * The steps that notify a user, for the transaction of what it is about: nothing is sent unless it commits, and nothing is lost
     * if it does. `app.transaction({ steps: { …, ...app.notify(userId, { type, data }) } })`
     */
    notify: (userId: string, message: NewMessage) => NamedSteps
    realtime: Parts
  }
}

/** Notifications: stored with what they are about, listed, and streamed to every open page of their user. */
async function realtime(app: FastifyInstance) {
  const { db, tables, transaction, config } = app
  const parts = await createParts(app)
  const { log, fanOut, connections, announce } = parts
  app.decorate('realtime', parts)
  app.decorate('notify', (userId, message) =>
    log.append({ name: inboxOf(userId), inboxOf: userId }, message, new Date(), announce)
  )
  app.revocations.onRevoked({
    // Every round asks SQL which sessions live, so there is nothing to prepare and nothing to catch up with.
    windowMs: async () => 0,
    prepare: async () => async () => {},
    begin: async () => async () => {},
    add: async (sessions) => connections.endSessions(sessions)
  })
  app.mount('/api/realtime', createStreamRoutes(createStreams(connections, fanOut), parts))
  app.mount('/api/notifications', createRoutes(createInbox(db, tables)))
  const deleteExpired = createMessageCleanup(tables, transaction)
  app.cleanup.add((now) => deleteExpired(new Date(now.getTime() - config.MESSAGES_TTL * 1000)))
  await measureRealtime(app, parts)
  sendNotices(app)
  watchRegularly(app, parts)
}

export default fp(realtime, {
  name: 'realtime',
  dependencies: [
    ...['config', 'db', 'redis', 'cleanup', 'write-batching', 'router', 'cookies'],
    ...['health', 'users', 'tickets', 'auth']
  ]
})
