import type { Login } from '../db/types.ts'

/** The `sid` of each revoked token login, for as long as an access token of it may be alive. */
export type Blocklist = {
  /** Whether the login was revoked; null where this list cannot tell. One in memory answers at once. */
  has(sid: string): Promise<boolean | null> | boolean | null
  /** Rejects where it could not store an entry now. */
  check(): Promise<void>
  /** Throws where it was not stored. */
  add(logins: Login[]): Promise<void>
  /** From now on what is not on the list was not revoked: it was told of all revocations of its window. */
  complete(): Promise<void>
  /** How many logins it holds; null where only SQL can say. */
  size(): number | null
}

/** When the last access token of a revoked login has ended, in ms since 1970; `windowMs` after the revocation. */
export function forgetAt(login: Login, windowMs: number) {
  return (login.revokedAt?.getTime() ?? 0) + windowMs
}
