import { randomUUID } from 'node:crypto'
import type { CircuitBreaker } from '../../platform/redis/circuit-breaker.ts'
import { groupByTag, hashTagsOf } from '../../platform/redis/hash-tags.ts'
import { CONFIRM, DELETE_IF, PREPARED_MS, WRITE_ALL, WRITE_UNLESS_ENDED } from '../../platform/redis/scripts.ts'
import { type Answer, type Blocklist, forgetAt, type Revoked } from './blocklist.ts'

const REVOKED = '1'
/** Longer than any refill takes, in ms. */
const FILLING_MS = 600_000

/** In Redis, for all replicas: one round trip to ask, to the one node that has both keys. */
export function createRedisBlocklist(redis: CircuitBreaker): Blocklist {
  const buckets = hashTagsOf(redis.client)
  const inBucket = (bucket: string, name: string) => `blocklist:{${bucket}}:${name}`
  const key = (sid: string) => inBucket(buckets.of(sid), sid)
  /** Without this key what is in its bucket is not whole: Redis, or the node of a cluster that has it, was emptied. */
  const markerOf = (bucket: string) => inBucket(bucket, 'complete')

  /** Runs a script on the keys of these logins: one command for each thousand of a bucket. */
  async function onEach(script: string, sessions: Revoked[], toValues: (group: Revoked[]) => (string | number)[]) {
    if (sessions.length === 0) return
    const groups = groupByTag(buckets, sessions)
    const run = (group: Revoked[]): [number, ...(string | number)[]] => [
      group.length,
      ...group.map(({ id }) => key(id)),
      ...toValues(group)
    ]
    await redis.write((client) => Promise.all(groups.map((group) => client.eval(script, ...run(group)))))
  }

  return {
    async has(sid): Promise<Answer> {
      try {
        const [marker, entry] = await redis.read((client) => client.mget(markerOf(buckets.of(sid)), key(sid)))
        if (entry === REVOKED) return true
        if (!marker) return 'incomplete'
        return entry === null ? false : 'ask-sql'
      } catch {
        return 'ask-sql'
      }
    },
    async prepare(sessions) {
      const value = `?${randomUUID()}`
      await onEach(WRITE_UNLESS_ENDED, sessions, () => [value, PREPARED_MS, REVOKED])
      return () => onEach(DELETE_IF, sessions, () => [value])
    },
    async add(sessions) {
      const now = Date.now()
      const alive = sessions.filter((login) => forgetAt(login) > now)
      await onEach(WRITE_ALL, alive, (group) => group.flatMap((login) => [REVOKED, forgetAt(login) - now]))
    },
    async begin() {
      const filling = `filling:${randomUUID()}`
      await redis.write((client) =>
        Promise.all(buckets.all.map((bucket) => client.set(inBucket(bucket, filling), '1', 'PX', FILLING_MS)))
      )
      return async () => {
        const confirmed = await redis.write((client) =>
          Promise.all(buckets.all.map((bucket) => client.eval(CONFIRM, 2, inBucket(bucket, filling), markerOf(bucket))))
        )
        if (!confirmed.every(Boolean))
          throw new Error('Redis was emptied while revocations were written to it, or that took too long')
      }
    },
    // Redis counts keys of all sorts only.
    size: () => null
  }
}
