import type { CheckedSession, RevokedSession, Sessions } from '../auth/sessions.ts'

/** Where the login of a cookie is looked up. Whatever the store, SQL is the record. */
export type SessionStore = {
  /** How long the store may remember a session after its last change, in ms. */
  windowMs: number
  /** The login with this secret's SHA-256, revoked and expired ones too; null: unknown. Throws where nobody can tell. */
  find(secretHash: string, now: Date): Promise<CheckedSession | null>
  /** To be called before a login is written to SQL; the function that it gives remembers it, unless it ended meanwhile. */
  lease(secretHash: string): Promise<(login: CheckedSession) => Promise<void>>
  /** Remembers what has changed of a login that it remembers. Losing it costs time, not truth. */
  keep(login: CheckedSession): Promise<void>
  /** From now on asks SQL about these, for some seconds or until the function that it gives. Throws where it could not. */
  prepare(sessions: RevokedSession[]): Promise<() => Promise<void>>
  /** Refuses these from now on. Throws where that was not stored. */
  end(sessions: RevokedSession[]): Promise<void>
}

/** SQL alone: the row is what counts, so there is nothing to keep in step. */
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
