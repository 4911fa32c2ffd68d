import type { Logins, SessionLogin } from '../auth/logins.ts'

/** Where the login of a cookie is looked up. Whatever the store, SQL is the record. */
export type SessionStore = {
  /** The login with this secret's SHA-256, revoked and expired ones too; null: unknown. Throws where nobody can tell. */
  find(secretHash: string, now: Date): Promise<SessionLogin | null>
  /** Remembers a login that was made or changed, but never over a revocation. Losing it costs time, not truth. */
  keep(login: SessionLogin): Promise<void>
  /** Rejects where it could not refuse a login now. */
  check(): Promise<void>
  /** Refuses these from now on. Throws where that was not stored. */
  end(logins: SessionLogin[]): Promise<void>
}

/** SQL alone: the row is what counts, so there is nothing to keep in step. */
export function createSqlStore(logins: Logins): SessionStore {
  return {
    find: (secretHash) => logins.findBySecret(secretHash),
    keep: async () => {},
    check: async () => {},
    end: async () => {}
  }
}
