import type { Session } from '../auth/tables.ts'

/** How far the clocks of replicas, and of services that verify our tokens, may differ, in seconds. */
export const TOLERANCE_SECONDS = 5

/** What a blocklist needs of a revoked session. */
export type Revoked = Pick<Session, 'id' | 'revokedAt' | 'accessTtl'>

/** Whether a session was revoked. `ask-sql`: the list cannot tell now, because it is incomplete or unreachable. */
export type Answer = boolean | 'ask-sql'

/** Holds the `sid` of each revoked token session until its last access token has expired. */
export type Blocklist = {
  /** Whether a session was revoked. The list in memory answers synchronously. */
  has(sid: string): Answer | Promise<Answer>
  /** Makes the answer for these sessions `ask-sql`, for some seconds or until the returned function is called. Rejects on failure. */
  prepare(sessions: Revoked[]): Promise<() => Promise<void>>
  /** Rejects if it could not store them. */
  add(sessions: Revoked[]): Promise<void>
  /** Called before a full resync. The returned function marks the list as complete, and rejects if it lost entries meanwhile. */
  begin(): Promise<() => Promise<void>>
  /** How many sessions it holds; null if only SQL can tell. */
  size(): number | null
}

/** How long after a revocation an access token could still be valid by some clock, in ms: one may be ahead, another behind. */
export const windowOf = (accessTtl: number) => (accessTtl + 2 * TOLERANCE_SECONDS) * 1000

/** When the last access token of a revoked session has expired by every clock, in ms since 1970. */
export function forgetAt({ revokedAt, accessTtl }: Revoked) {
  return (revokedAt?.getTime() ?? 0) + windowOf(accessTtl)
}
