import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import { RateLimited } from '../../platform/errors/errors.ts'
import { createLimiters } from './limiter.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Asked by the machines that watch the service: never limited, and answered while it stops. */
    isProbe?: boolean
  }
}

/** So many requests in a time for each client address, unknown paths included; in this process, or in Redis for all. */
async function rateLimit(app: FastifyInstance) {
  const createLimiter = createLimiters(app)
  const local = await createLimiter({})
  const redis = app.config.RATE_LIMIT_SHARED ? app.redis : null
  const shared = redis && (await createLimiter({ redis: redis.client, nameSpace: 'rate-limit:' }))

  async function limitShared(request: FastifyRequest, reply: FastifyReply) {
    if (!shared || !redis.isUp()) return local(request, reply)
    await shared(request, reply).catch((error) => {
      if (error instanceof RateLimited) throw error
      // It does not answer: the next request shall not wait for that again.
      void redis.probe()
      return local(request, reply)
    })
  }

  const limit = shared ? limitShared : local
  // An instance hook, so that it runs for 404s too, and before anything that costs more.
  app.addHook('onRequest', function limitRate(request, reply, done) {
    if (request.routeOptions.config.isProbe) return done()
    limit(request, reply).then(() => done(), done)
  })
}

export default fp(rateLimit, { name: 'rate-limit', dependencies: ['config', 'errors', 'redis', 'cors'] })
