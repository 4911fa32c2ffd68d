import fastifyRateLimit, { normalizeIP, type RateLimitPluginOptions } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { RateLimited } from '../errors/errors.ts'
import { logEvent } from '../events/log.ts'
import { clientAddress } from '../input/address.ts'
import { createFirstRefusals } from './exceeded.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Asked by the machines that watch the service: never limited, and answered while it stops. */
    isProbe?: boolean
  }
}

type Limiter = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/** RATE_LIMIT_MAX requests in RATE_LIMIT_WINDOW for each client address (an IPv6 /64 is one), unknown paths included. */
async function rateLimit(app: FastifyInstance) {
  const { RATE_LIMIT_MAX, RATE_LIMIT_WINDOW, RATE_LIMIT_SHARED } = app.config
  const clientKey = (request: FastifyRequest) => normalizeIP(clientAddress(request))
  const isFirst = createFirstRefusals()

  /** A limiter with a store of its own: the plugin gives one to each scope. */
  async function createLimiter(store: RateLimitPluginOptions) {
    const { promise, resolve } = Promise.withResolvers<Limiter>()
    await app.register(async (scope) => {
      await scope.register(fastifyRateLimit, {
        global: false,
        max: RATE_LIMIT_MAX,
        timeWindow: RATE_LIMIT_WINDOW * 1000,
        enableDraftSpec: true,
        keyGenerator: clientKey,
        errorResponseBuilder(request, { ttl }) {
          if (isFirst(clientKey(request), ttl, Date.now())) logEvent(request, 'excess_rate_limit_exceeded')
          return new RateLimited()
        },
        ...store
      })
      resolve(scope.rateLimit() as unknown as Limiter)
    })
    return promise
  }

  const local = await createLimiter({})
  const redis = RATE_LIMIT_SHARED ? app.redis : null
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
