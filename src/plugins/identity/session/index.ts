import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './audit-events.ts'
import './env.ts'
import { isPostgres } from '../../platform/db/address.ts'
import type { RevokedSession } from '../auth/sessions.ts'
import { createMemoryStore } from './memory.ts'
import { redisStore } from './redis.ts'
import { createSqlStore } from './store.ts'
import { createCookieStrategy } from './strategy.ts'

/** Sessions carried by a cookie. */
async function session(app: FastifyInstance) {
  const local = isPostgres(app.config.DB_URI) ? createSqlStore(app.sessions) : createMemoryStore(app.sessions)
  const store = redisStore(app) ?? local
  const cookies = (sessions: RevokedSession[]) => sessions.filter(({ kind }) => kind === 'cookie')
  app.revocations.onRevoked({
    windowMs: async () => store.windowMs,
    prepare: (sessions) => store.prepare(cookies(sessions)),
    add: (sessions) => store.end(cookies(sessions)),
    // Sessions that are not in the store are read from SQL, so there is nothing to complete.
    begin: async () => async () => {}
  })
  app.strategies.set('cookie', await createCookieStrategy(app, store))
}

export default fp(session, { name: 'session', dependencies: ['config', 'redis', 'cookies', 'auth'] })
