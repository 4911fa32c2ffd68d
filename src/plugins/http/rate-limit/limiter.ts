import fastifyRateLimit, { type RateLimitPluginOptions } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { logEvent } from '../../platform/audit/log.ts'
import { RateLimited } from '../../platform/errors/errors.ts'
import { clientAddress, networkOf } from '../../platform/logging/client-address.ts'

export type Limiter = (request: FastifyRequest, reply: FastifyReply) => Promise<void>
export type CreateLimiter = ReturnType<typeof createLimiters>

/** Makes limiters that allow RATE_LIMIT_MAX requests per RATE_LIMIT_WINDOW and client address; an IPv6 /64 counts as one. */
export function createLimiters(app: FastifyInstance) {
  const { RATE_LIMIT_MAX, RATE_LIMIT_WINDOW } = app.config

  /** A limiter that throws RATE_LIMITED. The plugin keeps one store per scope, so each limiter gets its own scope. */
  return async function createLimiter(store: RateLimitPluginOptions) {
    const { promise, resolve } = Promise.withResolvers<Limiter>()
    await app.register(async (scope) => {
      await scope.register(fastifyRateLimit, {
        global: false,
        max: RATE_LIMIT_MAX,
        timeWindow: RATE_LIMIT_WINDOW * 1000,
        enableDraftSpec: true,
        keyGenerator: (request) => networkOf(clientAddress(request)),
        // Bans nobody, but tells the first refusal in a window from later ones, so that only it is logged.
        ban: 1,
        errorResponseBuilder(request, { ban: isRepeated }) {
          if (!isRepeated) logEvent(request, 'excess_rate_limit_exceeded')
          return new RateLimited()
        },
        ...store
      })
      resolve(scope.rateLimit() as unknown as Limiter)
    })
    return promise
  }
}
