import type { CheckedSession, RevokedSession, Sessions } from '../auth/sessions.ts'

/** Looks up the session of a cookie. SQL is the source of truth, whatever the store. */
export type SessionStore = {
  /** How long the store may remember a session after its last change, in ms. */
  windowMs: number
  /** The session with this SHA-256 of its secret, revoked and expired ones too, or null. Throws if no store can answer. */
  find(secretHash: string, now: Date): Promise<CheckedSession | null>
  /** Call it before writing a session to SQL. The returned function caches the session unless it was revoked in the meantime. */
  lease(secretHash: string): Promise<(login: CheckedSession) => Promise<void>>
  /** Updates a session that is cached. A lost update only costs a query. */
  keep(login: CheckedSession): Promise<void>
  /** Bypasses the cache for these sessions, for some seconds or until the returned function is called. Throws if it cannot. */
  prepare(sessions: RevokedSession[]): Promise<() => Promise<void>>
  /** Rejects these sessions from now on. Throws if that could not be stored. */
  end(sessions: RevokedSession[]): Promise<void>
}

/** Reads sessions from SQL only, so there is no cache to keep in sync. */
export function createSqlStore(sessions: Sessions): SessionStore {
  return {
    windowMs: 0,
    find: (secretHash) => sessions.findBySecret(secretHash),
    lease: async () => async () => {},
    keep: async () => {},
    prepare: async () => async () => {},
    end: async () => {}
  }
}
