import { randomUUID } from 'node:crypto'
import type { RedisAccess } from '../../platform/redis/client.ts'
import { groupByTag, hashTagsOf } from '../../platform/redis/hash-tags.ts'
import { CONFIRM, DELETE_IF, PREPARED_MS, WRITE_ALL, WRITE_UNLESS_ENDED } from '../../platform/redis/scripts.ts'
import { type Blocklist, forgetAt, type Revoked } from './blocklist.ts'

const REVOKED = '1'
/** Longer than any refill takes, in ms. */
const FILLING_MS = 600_000

/** In Redis, shared by all replicas; null without REDIS_URL. A check is one round trip to the node that has both keys. */
export function redisBlocklist({ redis, circuitBreaker }: RedisAccess): Blocklist | null {
  if (circuitBreaker === null) return null
  const { write } = circuitBreaker
  const tags = hashTagsOf(redis)
  const tagged = (tag: string, name: string) => `blocklist:{${tag}}:${name}`
  const key = (sid: string) => tagged(tags.of(sid), sid)
  /** Without this key the entries with this tag are incomplete: Redis, or one node of a cluster, was emptied. */
  const markerOf = (tag: string) => tagged(tag, 'complete')

  /** Runs a script on the keys of these sessions: one command per thousand keys with the same tag. */
  async function onEach(script: string, sessions: Revoked[], toValues: (group: Revoked[]) => (string | number)[]) {
    if (sessions.length === 0) return
    const groups = groupByTag(tags, sessions)
    const run = (group: Revoked[]): [number, ...(string | number)[]] => [
      group.length,
      ...group.map(({ id }) => key(id)),
      ...toValues(group)
    ]
    await write((client) => Promise.all(groups.map((group) => client.eval(script, ...run(group)))))
  }

  return {
    async has(sid) {
      try {
        const [marker, entry] = await circuitBreaker.read((client) => client.mget(markerOf(tags.of(sid)), key(sid)))
        if (entry === REVOKED) return true
        if (!marker) circuitBreaker.invalidate()
        return marker && entry === null ? false : 'ask-sql'
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
      const alive = sessions.filter((session) => forgetAt(session) > now)
      await onEach(WRITE_ALL, alive, (group) => group.flatMap((session) => [REVOKED, forgetAt(session) - now]))
    },
    async begin() {
      const filling = `filling:${randomUUID()}`
      await circuitBreaker.write((client) =>
        Promise.all(tags.all.map((tag) => client.set(tagged(tag, filling), '1', 'PX', FILLING_MS)))
      )
      return async () => {
        const confirmed = await circuitBreaker.write((client) =>
          Promise.all(tags.all.map((tag) => client.eval(CONFIRM, 2, tagged(tag, filling), markerOf(tag))))
        )
        if (!confirmed.every(Boolean))
          throw new Error('Redis was emptied while revocations were being written to it, or writing took too long')
      }
    },
    // Redis cannot count one kind of key.
    size: () => null
  }
}
