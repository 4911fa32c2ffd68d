import { randomUUID } from 'node:crypto'
import type { RedisAccess, RedisClient } from '../../platform/redis/client.ts'
import { chunk, KEYS_AT_ONCE } from '../../platform/redis/hash-tags.ts'
import { DELETE_IF, PREPARED_MS, REPLACE_IF, WRITE_ALL, WRITE_UNLESS_ENDED } from '../../platform/redis/scripts.ts'
import { type CheckedSession, type RevokedSession, type Sessions, toCheckedSession } from '../auth/sessions.ts'
import type { SessionStore } from './store.ts'

/** How long Redis remembers a session, and a revocation at least as long: so no session outlives its revocation in Redis. */
const CACHE_MS = 15 * 60_000
/** How long a read from SQL may take and still be cached, in ms. */
const LEASE_MS = 2000

// A value starts with one of these, or is a session as JSON.
const ENDED = 'ended:'
const [LEASED, PREPARED] = ['lease:', 'prepared:']
const LIVE = '{'

const key = (secretHash: string | null) => `session:${secretHash}`
const TIMES = ['lastSeenAt', 'authenticatedAt', 'expiresAt', 'absoluteExpiresAt', 'revokedAt'] as const

/** A session as Redis holds it: only what its check needs, times in ms. */
function format(session: CheckedSession) {
  const times = TIMES.map((name) => [name, session[name]?.getTime() ?? null])
  return JSON.stringify({ ...toCheckedSession(session), ...Object.fromEntries(times) })
}

/** The session that a value holds; null if SQL has to be asked. */
function parse(value: string | null): CheckedSession | null {
  if (value === null || value.startsWith(LEASED) || value.startsWith(PREPARED)) return null
  const session = JSON.parse(value.startsWith(ENDED) ? value.slice(ENDED.length) : value)
  for (const name of TIMES) if (session[name] !== null) session[name] = new Date(session[name])
  return session
}

/** Redis first; SQL for what Redis does not know, and while it is down. Null without REDIS_URL. */
export function redisStore({
  circuitBreaker,
  sessions
}: Pick<RedisAccess, 'circuitBreaker'> & { sessions: Sessions }): SessionStore | null {
  if (circuitBreaker === null) return null
  const { read, write } = circuitBreaker
  /** For the cache alone: a failure changes nothing. */
  const tryTo = (command: (redis: RedisClient) => Promise<unknown>) => read(command).catch(() => null)

  /**
   * A session read from SQL may be cached only if its key did not change since before the read: a revocation, or a FLUSHALL
   * after one, removes the lease.
   */
  async function lease(secretHash: string) {
    const mine = `${LEASED}${randomUUID()}`
    const taken = await tryTo((redis) => redis.set(key(secretHash), mine, 'PX', LEASE_MS, 'NX'))
    return async (session: CheckedSession) => {
      if (taken === null) return
      await tryTo((redis) => redis.eval(REPLACE_IF, 1, key(secretHash), mine, format(session), CACHE_MS))
    }
  }

  /** Runs a script on the keys of these sessions. In a cluster each key may be on another node, so each is a command. */
  async function onEach(
    script: string,
    ended: RevokedSession[],
    toValues: (group: RevokedSession[]) => (string | number)[]
  ) {
    if (ended.length === 0) return
    await write((redis) =>
      Promise.all(
        chunk(ended, redis.isCluster ? 1 : KEYS_AT_ONCE).map((group) => {
          const keys = group.map(({ secretHash }) => key(secretHash))
          return redis.eval(script, keys.length, ...keys, ...toValues(group))
        })
      )
    )
  }

  return {
    windowMs: CACHE_MS,
    lease,
    async keep(session) {
      await tryTo((redis) => redis.eval(REPLACE_IF, 1, key(session.secretHash), LIVE, format(session), CACHE_MS))
    },
    async find(secretHash, now) {
      const cached = read((redis) => redis.get(key(secretHash)))
      // An unreadable value counts as missing.
      const known = await cached.then(parse).catch(() => null)
      // A session that seems to have idled out may have been used through another replica.
      if (known && (known.revokedAt !== null || known.expiresAt > now)) return known
      const remember = await lease(secretHash)
      const stored = await sessions.findBySecret(secretHash)
      if (stored?.revokedAt === null) await remember(stored)
      return stored
    },
    async prepare(ended) {
      const value = `${PREPARED}${randomUUID()}`
      await onEach(WRITE_UNLESS_ENDED, ended, () => [value, PREPARED_MS, ENDED])
      return () => onEach(DELETE_IF, ended, () => [value])
    },
    end: (ended) =>
      onEach(WRITE_ALL, ended, (group) => group.flatMap((session) => [`${ENDED}${format(session)}`, CACHE_MS]))
  }
}
