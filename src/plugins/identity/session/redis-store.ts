import { randomUUID } from 'node:crypto'
import type { CircuitBreaker } from '../../platform/redis/circuit-breaker.ts'
import { chunk, KEYS_AT_ONCE } from '../../platform/redis/hash-tags.ts'
import { DELETE_IF, PREPARED_MS, REPLACE_IF, WRITE_ALL, WRITE_UNLESS_ENDED } from '../../platform/redis/scripts.ts'
import { type CheckedSession, type RevokedSession, type Sessions, toSessionLogin } from '../auth/sessions.ts'
import type { SessionStore } from './store.ts'

/** How long Redis remembers a login, and a revocation at least as long: so none is left when its revocation is forgotten. */
export const CACHE_MS = 15 * 60_000
/** How long a read of SQL may take and still be remembered, in ms. */
const LEASE_MS = 2000

// A value is one of these, or a login as JSON.
const ENDED = 'ended:'
const [LEASED, PREPARED] = ['lease:', 'prepared:']
const LIVE = '{'

const key = (secretHash: string | null) => `session:${secretHash}`
const TIMES = ['lastSeenAt', 'authenticatedAt', 'expiresAt', 'absoluteExpiresAt', 'revokedAt'] as const

/** A login as Redis has it: only what its check needs, times in ms. */
function format(login: CheckedSession) {
  const times = TIMES.map((name) => [name, login[name]?.getTime() ?? null])
  return JSON.stringify({ ...toSessionLogin(login), ...Object.fromEntries(times) })
}

/** The login of a value; null where SQL has to be asked. */
function parse(value: string | null): CheckedSession | null {
  if (value === null || value.startsWith(LEASED) || value.startsWith(PREPARED)) return null
  const login = JSON.parse(value.startsWith(ENDED) ? value.slice(ENDED.length) : value)
  for (const name of TIMES) if (login[name] !== null) login[name] = new Date(login[name])
  return login
}

/** Redis first; what it does not know, or while it is down, SQL tells. */
export function createRedisStore(redis: CircuitBreaker, sessions: Sessions): SessionStore {
  /** Only saves time, so no request waits for a Redis that is not trusted, and a failure changes nothing. */
  const tryTo = (...[command]: Parameters<typeof redis.read<unknown>>) => redis.read(command).catch(() => null)

  /**
   * What was read from SQL may be remembered only if nothing happened to the key since before it was read: a revocation, or a
   * FLUSHALL after one, takes the lease away.
   */
  async function lease(secretHash: string) {
    const mine = `${LEASED}${randomUUID()}`
    const taken = await tryTo((client) => client.set(key(secretHash), mine, 'PX', LEASE_MS, 'NX'))
    return async (login: CheckedSession) => {
      if (taken === null) return
      await tryTo((client) => client.eval(REPLACE_IF, 1, key(secretHash), mine, format(login), CACHE_MS))
    }
  }

  /** Runs a script on the keys of these logins. In a cluster each key may be on another node, so each is a command. */
  async function onEach(
    script: string,
    ended: RevokedSession[],
    toValues: (group: RevokedSession[]) => (string | number)[]
  ) {
    if (ended.length === 0) return
    await redis.write((client) =>
      Promise.all(
        chunk(ended, client.isCluster ? 1 : KEYS_AT_ONCE).map((group) => {
          const keys = group.map(({ secretHash }) => key(secretHash))
          return client.eval(script, keys.length, ...keys, ...toValues(group))
        })
      )
    )
  }

  return {
    lease,
    async keep(login) {
      await tryTo((client) => client.eval(REPLACE_IF, 1, key(login.secretHash), LIVE, format(login), CACHE_MS))
    },
    async find(secretHash, now) {
      const cached = redis.read((client) => client.get(key(secretHash)))
      // What cannot be read there counts as not there.
      const known = await cached.then(parse).catch(() => null)
      // One that seems to have idled out may have been seen through another replica.
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
      onEach(WRITE_ALL, ended, (group) => group.flatMap((login) => [`${ENDED}${format(login)}`, CACHE_MS]))
  }
}
