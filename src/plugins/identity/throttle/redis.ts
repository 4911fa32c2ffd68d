import type { RedisAccess, RedisClient } from '../../platform/redis/client.ts'
import { ALLOWED, type Counted, type Counter, createLimits, type Limits } from './limits.ts'
import { createMemoryCounter } from './memory.ts'

/** Each replica counts on its own while Redis is down, so each allows less. */
const ALLOWED_IN_OUTAGE = { pair: 3, address: 50, account: 50 }

// A key without an expiry would count forever.
const CHANGE = `
  local count = redis.call('incrby', KEYS[1], ARGV[1])
  if count <= 0 then
    redis.call('del', KEYS[1])
    return {0, 0}
  end
  local msLeft = redis.call('pttl', KEYS[1])
  if msLeft < 0 then
    msLeft = ARGV[2] * 1000
    redis.call('pexpire', KEYS[1], msLeft)
  end
  return {count, msLeft}`

/** Counts in Redis, for all replicas. */
export function createRedisCounter(redis: RedisClient, name: string, seconds: number): Counter {
  const keyOf = (key: string) => `${name}:${key}`

  async function change(key: string, by: number, lifeSeconds: number): Promise<Counted> {
    const [count, msLeft] = (await redis.eval(CHANGE, 1, keyOf(key), by, lifeSeconds)) as [number, number]
    return { count, msLeft }
  }

  return {
    add: (key, lifeSeconds = seconds) => change(key, 1, lifeSeconds),
    subtract: (key) => change(key, -1, seconds),
    async get(key) {
      const [count, msLeft] = await Promise.all([redis.get(keyOf(key)), redis.pttl(keyOf(key))])
      return { count: Number(count ?? 0), msLeft }
    },
    async delete(key) {
      await redis.del(keyOf(key))
    }
  }
}

/** Limits for all replicas together; null without REDIS_URL. While Redis is down, stricter ones for this replica. */
export function redisLimits({ redis, circuitBreaker }: RedisAccess): Limits | null {
  if (circuitBreaker === null) return null
  const shared = createLimits((name, seconds) => createRedisCounter(redis, name, seconds), ALLOWED)
  const local = createLimits((_name, seconds) => createMemoryCounter(seconds), ALLOWED_IN_OUTAGE)

  return {
    async begin(keys, countsAccount) {
      let begun: ReturnType<Limits['begin']> | undefined
      try {
        return await circuitBreaker.read(() => {
          begun = shared.begin(keys, countsAccount)
          return begun
        })
      } catch {
        // If Redis counts it after all, that is refunded.
        begun?.then((late) => ('by' in late ? undefined : late.cancel())).catch(() => {})
        return local.begin(keys, countsAccount)
      }
    }
  }
}
