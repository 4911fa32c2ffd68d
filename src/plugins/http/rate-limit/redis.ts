import type { FastifyReply, FastifyRequest } from 'fastify'
import { flag } from '../../platform/config/setting-types.ts'
import { defineConflict, defineSettings, type Settings, type Values } from '../../platform/config/settings.ts'
import { RateLimited } from '../../platform/errors/errors.ts'
import type { RedisAccess } from '../../platform/redis/client.ts'
import type { CreateLimiter, Limiter } from './limiter.ts'

const sharedSettings = defineSettings({
  RATE_LIMIT_SHARED: flag('false')
})

defineConflict(({ RATE_LIMIT_SHARED, REDIS_URL }) =>
  RATE_LIMIT_SHARED && REDIS_URL === null ? 'RATE_LIMIT_SHARED=true needs REDIS_URL' : null
)

declare module '../../platform/config/settings.ts' {
  interface Settings extends Values<typeof sharedSettings> {}
}

/** Counts requests in Redis, for all replicas together; null without RATE_LIMIT_SHARED. During an outage `local` counts. */
export async function redisLimiter(
  { config, redis, circuitBreaker }: RedisAccess & { config: Settings },
  createLimiter: CreateLimiter,
  local: Limiter
): Promise<Limiter | null> {
  if (!config.RATE_LIMIT_SHARED || circuitBreaker === null) return null
  const shared = await createLimiter({ redis, nameSpace: 'rate-limit:' })

  /** Gives the refusal instead of throwing it: for the circuit breaker it is no failure. */
  async function tryShared(request: FastifyRequest, reply: FastifyReply) {
    return shared(request, reply).catch((error) => {
      if (error instanceof RateLimited) return error
      throw error
    })
  }

  return async function limitShared(request, reply) {
    const refused = await circuitBreaker.read(() => tryShared(request, reply)).catch(() => local(request, reply))
    if (refused) throw refused
  }
}
