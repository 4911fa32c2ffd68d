import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { type Allowed, createLimits } from '../../../../src/plugins/identity/throttle/limits.ts'
import { createRedisCounter } from '../../../../src/plugins/identity/throttle/redis.ts'
import { noRedis, redisUrl } from '../../../redis.ts'

/** A client of the shared Redis. */
export async function connect(t: Test) {
  const redis = new Redis(await redisUrl())
  t.teardown(() => redis.disconnect())
  return redis
}

/** A counter in Redis, for the tests of counters. */
export const redisCounter = {
  name: 'Redis',
  skip: noRedis,
  create: async (t: Test, seconds: number) => createRedisCounter(await connect(t), `${Math.random()}`, seconds)
}

/** The limits of two replicas, each with a client of its own, for the tests of limits. */
export const redisReplicas = {
  name: 'Redis',
  skip: noRedis,
  async replicas(t: Test, allowed: Allowed) {
    const prefix = `${Math.random()}`
    const clients = [await connect(t), await connect(t)] as const
    const limitsOf = (redis: Redis) =>
      createLimits((name, seconds) => createRedisCounter(redis, `${prefix}${name}`, seconds), allowed)
    return [limitsOf(clients[0]), limitsOf(clients[1])] as const
  }
}
