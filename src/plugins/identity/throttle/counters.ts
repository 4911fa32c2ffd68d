import type { RedisClient } from '../../platform/redis/client.ts'

/** How many were counted for a key, and for how many ms they still count. */
export type Counted = { count: number; msLeft: number }
/** Counts by key, each key from its first count on for a while. At zero a key is deleted: a success leaves nothing behind. */
export type Counter = {
  /** Counts one more, atomically; `seconds` is how long a new key lives, if not as long as usual. */
  add(key: string, seconds?: number): Promise<Counted>
  /** Takes one count back, atomically. */
  takeBack(key: string): Promise<Counted>
  get(key: string): Promise<Counted>
  delete(key: string): Promise<void>
}
/** Makes a counter whose keys live so many seconds. */
export type MakeCounter = (name: string, seconds: number) => Counter

/** In whole ms, as Redis counts: fractions would add a second to Retry-After. */
const clock = () => Math.round(performance.now())

const NOTHING: Counted = { count: 0, msLeft: 0 }

/** A process remembers so many keys of a counter, about 100 MB: a client with countless IPv6 networks makes countless keys. */
const MAX_KEYS = 2 ** 20

/** Counts in this process; beyond `maxKeys` the oldest is forgotten. */
export function createMemoryCounter(seconds: number, maxKeys = MAX_KEYS): Counter {
  const counts = new Map<string, { count: number; endsAt: number }>()

  function find(key: string, now: number) {
    const found = counts.get(key)
    return found && found.endsAt > now ? found : undefined
  }
  /** The oldest keys come first, so this stops early; a key that outlives those behind it only delays their deletion. */
  function deleteExpired(now: number) {
    for (const [key, { endsAt }] of counts) {
      if (endsAt > now && counts.size <= maxKeys) return
      counts.delete(key)
    }
  }
  function change(key: string, by: number, lifeSeconds: number): Counted {
    const now = clock()
    const known = find(key, now)
    const { count, endsAt } = known ?? { count: 0, endsAt: now + lifeSeconds * 1000 }
    const next = { count: count + by, endsAt }
    // A known key keeps its place in the map.
    if (!known || next.count <= 0) counts.delete(key)
    if (next.count <= 0) return NOTHING
    counts.set(key, next)
    deleteExpired(now)
    return { count: next.count, msLeft: endsAt - now }
  }

  return {
    add: async (key, lifeSeconds = seconds) => change(key, 1, lifeSeconds),
    takeBack: async (key) => change(key, -1, seconds),
    async get(key) {
      const now = clock()
      const found = find(key, now)
      return found ? { count: found.count, msLeft: found.endsAt - now } : NOTHING
    },
    delete: async (key) => void counts.delete(key)
  }
}

// A key that was never given an end would count for ever.
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
    takeBack: (key) => change(key, -1, seconds),
    async get(key) {
      const [count, msLeft] = await Promise.all([redis.get(keyOf(key)), redis.pttl(keyOf(key))])
      return { count: Number(count ?? 0), msLeft }
    },
    async delete(key) {
      await redis.del(keyOf(key))
    }
  }
}
