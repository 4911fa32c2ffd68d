import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { CACHE_MS, createRedisStore } from './redis-store.ts'
import { createSqlStore } from './store.ts'
import { createCookieStrategy } from './strategy.ts'

/** Logins by cookie. */
async function session(app: FastifyInstance) {
  const store = app.redis ? createRedisStore(app.redis, app.logins) : createSqlStore(app.logins)
  app.revocations.onRevoked({
    windowMs: app.redis ? CACHE_MS : 0,
    check: () => store.check(),
    add: (logins) => store.end(logins.filter(({ kind }) => kind === 'cookie')),
    complete: async () => {}
  })
  app.strategies.set('cookie', await createCookieStrategy(app, store))
}

export default fp(session, { name: 'session', dependencies: ['config', 'redis', 'cookies', 'auth'] })
