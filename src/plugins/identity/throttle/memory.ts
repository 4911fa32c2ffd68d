import type { Counted, Counter } from './limits.ts'

/** In whole ms, as in Redis: fractions would add a second to Retry-After. */
const clock = () => Math.round(performance.now())

const NOTHING: Counted = { count: 0, msLeft: 0 }

/** How many keys a counter holds, about 100 MB: a client with countless IPv6 networks makes countless keys. */
const MAX_KEYS = 2 ** 20

/** Counts in this process; beyond `maxKeys` the oldest key is dropped. */
export function createMemoryCounter(seconds: number, maxKeys = MAX_KEYS): Counter {
  const counts = new Map<string, { count: number; endsAt: number }>()

  function find(key: string, now: number) {
    const found = counts.get(key)
    return found && found.endsAt > now ? found : undefined
  }
  /** The oldest keys come first, so this stops early; a longer life only delays the deletion of the keys behind it. */
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
    subtract: async (key) => change(key, -1, seconds),
    async get(key) {
      const now = clock()
      const found = find(key, now)
      return found ? { count: found.count, msLeft: found.endsAt - now } : NOTHING
    },
    delete: async (key) => void counts.delete(key)
  }
}
