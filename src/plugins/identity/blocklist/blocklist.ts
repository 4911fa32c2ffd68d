import type { Session } from '../auth/tables.ts'

/** How far the clocks of replicas, and of services that verify our tokens, may differ, in seconds. */
export const TOLERANCE_SECONDS = 5

/** As much of a revoked login as a blocklist needs. */
export type Revoked = Pick<Session, 'id' | 'revokedAt' | 'accessTtl'>

/** Whether a session was revoked. `ask-sql`: the list cannot tell now, because it is incomplete or unreachable. */
export type Answer = boolean | 'ask-sql'

/** The `sid` of each revoked token login, for as long as an access token of it may be alive. */
export type Blocklist = {
  /** Whether the login was revoked. A list in memory answers at once. */
  has(sid: string): Answer | Promise<Answer>
  /** From now on the answer about these is `ask-sql`, for some seconds or until the function that it gives. Throws where it is not. */
  prepare(sessions: Revoked[]): Promise<() => Promise<void>>
  /** Throws where it was not stored. */
  add(sessions: Revoked[]): Promise<void>
  /**
   * Called before the list is told all revocations of its window. The function that it gives makes the list complete, and
   * throws where the list lost something since.
   */
  begin(): Promise<() => Promise<void>>
  /** How many logins it holds; null where only SQL can say. */
  size(): number | null
}

/** How long after a revocation the last access token can be taken for good, in ms: by one clock ahead and another behind. */
export const windowOf = (accessTtl: number) => (accessTtl + 2 * TOLERANCE_SECONDS) * 1000

/** When the last access token of a revoked login has expired by any clock, in ms since 1970. */
export function forgetAt({ revokedAt, accessTtl }: Revoked) {
  return (revokedAt?.getTime() ?? 0) + windowOf(accessTtl)
}
