import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './audit-events.ts'
import './env.ts'
import { createLimiters } from './limiter.ts'
import { redisLimiter } from './redis.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** For health checks: never limited, and answered during shutdown. */
    isProbe?: boolean
    /** For replies that go on until the client or the service ends them: their duration says nothing about speed. */
    isStream?: boolean
  }
}

/** Limits the requests of each client address, unknown paths included. */
async function rateLimit(app: FastifyInstance) {
  const createLimiter = createLimiters(app)
  const local = await createLimiter({})
  const limit = (await redisLimiter(app, createLimiter, local)) ?? local
  // On the instance, so that it also runs for 404s, and before anything more expensive.
  app.addHook('onRequest', function limitRate(request, reply, done) {
    if (request.routeOptions.config.isProbe) return done()
    limit(request, reply).then(() => done(), done)
  })
}

export default fp(rateLimit, { name: 'rate-limit', dependencies: ['config', 'errors', 'redis', 'cors'] })
