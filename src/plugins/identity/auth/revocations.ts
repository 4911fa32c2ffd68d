import type { EventSource } from '../../platform/audit/audit.ts'
import type { NamedSteps } from './insert-session.ts'
import { createNotifier, type RevocationListener } from './revocation-listeners.ts'
import type { Ending, Own, RevokeRows, UserChange } from './revoke-rows.ts'
import { createSurplusRevocation, type LimitQueries } from './session-limit.ts'
import type { RevokedSession, Sessions } from './sessions.ts'
import type { RevokedReason, Session } from './tables.ts'

// How a revocation reaches every replica:
//
// 1. It is committed to SQL, the source of truth (revoke-rows.ts).
// 2. `notify` passes it to the listeners in this process: the cache of cookie sessions (session/) and the blocklist of tokens
//    (blocklist/). With Redis they write it there, where every replica reads it. Only then does the call succeed.
// 3. Each replica rereads recent revocations from SQL every 500 ms (resync.ts). This reaches replicas without Redis, and restores
//    what Redis lost.
//
// If step 2 fails the call is a 503. Its row stays `revocationPending`, so the same call can be repeated with the same, now
// revoked, credential until it succeeds. `changeAndRevoke` is for changes that must not be half done (decision 0042).

export type Revocations = ReturnType<typeof createRevocations>

/** More than an account has sessions. */
const MAX_REPEATED = 2000

/** Revokes sessions in SQL and notifies the listeners. `maxSessions` is the limit of an account. */
export function createRevocations(
  sessions: Sessions & RevokeRows & LimitQueries,
  listeners: RevocationListener[],
  maxSessions: number
) {
  const { notify, prepare } = createNotifier(listeners)
  const surplus = createSurplusRevocation(sessions, notify, maxSessions)
  /** If this fails, the call can be repeated once more than necessary. */
  const markComplete = (sid: string) => sessions.clearPending(sid).catch(() => {})
  /** Includes earlier revocations, since a try that failed may have notified nobody. */
  const notifyAll = async (userId: string) => notify(await sessions.listRevoked(userId, MAX_REPEATED))

  /**
   * Runs a change that revokes some of the affected sessions, completely or not at all: it rejects before the change if a listener
   * cannot be prepared. From before the change until all listeners know, they ask SQL.
   */
  async function changeAndRevoke<T extends { ended: Session[] }>(
    affected: RevokedSession[],
    change: () => Promise<T | null>
  ) {
    const cancel = await prepare(affected)
    const changed = await change().catch(async (error) => {
      await cancel()
      throw error
    })
    if (changed === null) {
      await cancel()
      return null
    }
    const prepared = new Set(affected.map(({ id }) => id))
    await notify(changed.ended.filter(({ id }) => !prepared.has(id)))
    // If this fails the listeners keep asking SQL until the next resync.
    await notify(changed.ended.filter(({ id }) => prepared.has(id))).catch(() => {})
    return changed
  }

  return {
    ...surplus,
    onRevoked: (listener: RevocationListener) => void listeners.push(listener),
    notify,
    changeAndRevoke,
    /** Revokes a session. Null: there is none. Rejects if SQL or a listener failed; the caller may repeat it. */
    async revoke(source: EventSource, sid: string, reason: RevokedReason, now: Date) {
      const session = (await sessions.markRevoked(source, sid, reason, now)) ?? (await sessions.find(sid))
      if (session === null) return null
      await notify([session])
      if (session.revocationPending) await markComplete(sid)
      return session
    },
    /** Revokes all sessions of a user, or all but their `own`. Returns whether the preconditions held. Rejects as `revoke` does. */
    async revokeAll(
      source: EventSource,
      userId: string,
      reason: RevokedReason,
      now: Date,
      own: Own | null = null,
      preconditions: NamedSteps = {}
    ) {
      await surplus.revokeSurplus(source, userId, own?.sid)
      if (!(await sessions.markAllRevoked(source, userId, reason, now, own, preconditions))) return false
      await notifyAll(userId)
      // If it stays and was revoked all the same, another call did that and may have to repeat it.
      if (own && !own.stays) await markComplete(own.sid)
      return true
    },
    /** Changes a user, and ends all of their sessions and other access. Null: a precondition failed. Rejects as `revoke` does. */
    async endAccess(source: EventSource, userId: string, change: Ending, now: Date) {
      await surplus.revokeSurplus(source, userId, undefined)
      const ended = await sessions.endAccess(source, userId, change, now)
      if (ended) await notifyAll(userId)
      return ended
    },
    /** Deletes a user, if there is one, and revokes their sessions. Rejects as `revoke` does. */
    async deleteUser(source: EventSource, userId: string, now: Date, own?: string) {
      await surplus.revokeSurplus(source, userId, own)
      const deleted = await sessions.deleteUser(source, userId, now, own)
      if (deleted) await notify(deleted.ended)
      if (own) await markComplete(own)
    },
    /** Sets a password without the old one, and revokes all sessions, completely or not at all. Returns whether it did. */
    async resetPassword(source: EventSource, userId: string, passwordHash: string, now: Date, change: UserChange = {}) {
      await surplus.revokeSurplus(source, userId, undefined)
      const affected = await sessions.listUnrevoked(userId)
      const reset = () => sessions.resetPassword(source, userId, passwordHash, now, change)
      return (await changeAndRevoke(affected, reset)) !== null
    },
    /** Finishes the call that revoked this session and failed then. Rejects if it fails again. */
    async retryPending({ id, userId }: Session) {
      await notifyAll(userId)
      await markComplete(id)
    }
  }
}
