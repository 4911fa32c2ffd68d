import { LruMap } from 'toad-cache'
import { type CheckedSession, type Sessions, toCheckedSession } from '../auth/sessions.ts'
import type { SessionStore } from './store.ts'

const MAX_CACHED_SESSIONS = 10_000

/**
 * The memory of this process first; SQL for what it does not know. For a database file, which few processes share: a revocation by
 * this process counts at once, one by another process when the next resync passes it on, within a second.
 */
export function createMemoryStore(sessions: Sessions): SessionStore {
  const cache = new LruMap<CheckedSession>(MAX_CACHED_SESSIONS)
  let revocations = 0

  return {
    // Ended sessions stay in SQL for a day, so SQL knows every revocation that this cache may have missed.
    windowMs: 0,
    lease: async () => async () => {},
    async keep(session) {
      if (cache.get(session.secretHash ?? '')) cache.set(session.secretHash ?? '', toCheckedSession(session))
    },
    async find(secretHash, now) {
      const cached = cache.get(secretHash)
      // A session that seems to have idled out may have been used through another process.
      if (cached && cached.expiresAt > now) return cached
      const known = revocations
      const stored = await sessions.findBySecret(secretHash)
      // A revocation since the read began may be of this session.
      if (stored?.revokedAt === null && known === revocations) cache.set(secretHash, stored)
      return stored
    },
    prepare: async () => async () => {},
    async end(ended) {
      if (ended.length > 0) revocations++
      for (const { secretHash } of ended) cache.delete(secretHash ?? '')
    }
  }
}
