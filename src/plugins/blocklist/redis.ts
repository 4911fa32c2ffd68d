import { BUCKETS, bucketOf } from '../redis/buckets.ts'
import type { RedisGate } from '../redis/gate.ts'
import { type Blocklist, forgetAt } from './blocklist.ts'

const key = (sid: string) => `blocklist:{${bucketOf(sid)}}:${sid}`
/** Without this key what is in its bucket is not whole: Redis, or the node of a cluster that has it, was emptied. */
const markerOf = (bucket: string) => `blocklist:{${bucket}}:complete`

/** In Redis, for all replicas: one round trip to ask, to the one node that has both keys. */
export function createRedisBlocklist(redis: RedisGate, windowMs: number): Blocklist {
  return {
    async has(sid) {
      const answer = await redis.read((client) => client.mget(markerOf(bucketOf(sid)), key(sid))).catch(() => null)
      return answer?.[0] ? answer[1] !== null : null
    },
    check: () => redis.check(),
    async add(logins) {
      const now = Date.now()
      const alive = logins.filter((login) => forgetAt(login, windowMs) > now)
      if (alive.length === 0) return
      // Sent together, but no pipeline: that would have to go to one node.
      await redis.write((client) =>
        Promise.all(alive.map((login) => client.set(key(login.id), '1', 'PX', forgetAt(login, windowMs) - now)))
      )
    },
    async complete() {
      await redis.write((client) => Promise.all(BUCKETS.map((bucket) => client.set(markerOf(bucket), '1'))))
    },
    // Redis counts keys of all sorts only.
    size: () => null
  }
}
