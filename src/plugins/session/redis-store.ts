import { type Logins, type SessionLogin, toSessionLogin } from '../auth/logins.ts'
import type { RedisGate } from '../redis/gate.ts'
import type { SessionStore } from './store.ts'

/** How long Redis remembers a login, and a revocation at least as long: so none is left when its revocation is forgotten. */
export const CACHE_MS = 15 * 60_000

const ENDED = 'ended:'
// Reading SQL, then a revocation, then this write: the revocation has to stay.
const KEEP = `
  if string.sub(redis.call('GET', KEYS[1]) or '', 1, 6) == '${ENDED}' then return 0 end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1`

const key = (secretHash: string | null) => `session:${secretHash}`
const TIMES = ['lastSeenAt', 'authenticatedAt', 'expiresAt', 'absoluteExpiresAt', 'revokedAt'] as const

/** A login as Redis has it: only what its check needs, times in ms. */
function format(login: SessionLogin) {
  const times = TIMES.map((name) => [name, login[name]?.getTime() ?? null])
  return JSON.stringify({ ...toSessionLogin(login), ...Object.fromEntries(times) })
}

function parse(text: string): SessionLogin {
  const login = JSON.parse(text.startsWith(ENDED) ? text.slice(ENDED.length) : text)
  for (const name of TIMES) if (login[name] !== null) login[name] = new Date(login[name])
  return login
}

/** Redis first; what it does not know, or while it is down, SQL tells. */
export function createRedisStore(redis: RedisGate, logins: Logins): SessionStore {
  async function keep(login: SessionLogin) {
    // By read, which refuses at once while Redis is not to be trusted: no request waits for what only saves time.
    const kept = redis.read((client) => client.eval(KEEP, 1, key(login.secretHash), format(login), CACHE_MS))
    await kept.catch(() => {})
  }

  return {
    keep,
    async find(secretHash, now) {
      const cached = redis.read((client) => client.get(key(secretHash)))
      // What cannot be read there counts as not there.
      const login = await cached.then((text) => (text === null ? null : parse(text))).catch(() => null)
      // One that seems to have idled out may have been seen through another replica.
      if (login && (login.revokedAt !== null || login.expiresAt > now)) return login
      const stored = await logins.findBySecret(secretHash)
      if (stored?.revokedAt === null) await keep(stored)
      return stored
    },
    check: () => redis.check(),
    async end(ended) {
      if (ended.length === 0) return
      // Sent together, but no pipeline: that would have to go to one node of a cluster.
      await redis.write((client) =>
        Promise.all(ended.map((login) => client.set(key(login.secretHash), `${ENDED}${format(login)}`, 'PX', CACHE_MS)))
      )
    }
  }
}
