import fastifyCookie from '@fastify/cookie'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { logEvent } from '../events/log.ts'
import { isCrossOrigin, isSafeMethod } from './cross-origin.ts'
import { CrossOriginRequest } from './errors.ts'
import { CACHE_MS, createRedisStore } from './redis-store.ts'
import { createSqlStore } from './store.ts'
import { createCookieStrategy } from './strategy.ts'

/** Logins by cookie, and what keeps foreign pages from using the cookie. */
async function session(app: FastifyInstance) {
  // Only what sends a cookie along needs this; with Authorization the cookie does not count.
  app.addHook('onRequest', function refuseCrossOrigin(request, _reply, done) {
    const { method, headers } = request
    const actsByCookie = !isSafeMethod(method) && headers.cookie !== undefined && headers.authorization === undefined
    const isRefused = actsByCookie && isCrossOrigin(headers, app.config.CORS_API_ORIGINS)
    if (isRefused) logEvent(request, 'malicious_csrf')
    done(isRefused ? new CrossOriginRequest() : undefined)
  })
  await app.register(fastifyCookie)
  const store = app.redis ? createRedisStore(app.redis, app.logins) : createSqlStore(app.logins)
  app.revocations.onRevoked({
    windowMs: app.redis ? CACHE_MS : 0,
    check: () => store.check(),
    add: (logins) => store.end(logins.filter(({ kind }) => kind === 'cookie')),
    complete: async () => {}
  })
  app.strategies.set('cookie', await createCookieStrategy(app, store))
}

export default fp(session, { name: 'session', dependencies: ['config', 'errors', 'redis', 'cors', 'auth'] })
