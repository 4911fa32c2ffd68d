import { setImmediate as yieldToOthers } from 'node:timers/promises'
import type { EventSource } from '../../platform/audit/audit.ts'
import { logEvent } from '../../platform/audit/log.ts'
import { detached } from '../../platform/time-budget/time-budget.ts'
import type { Endings, Own } from './endings.ts'
import { createNotifier } from './notify.ts'
import type { RevocationListener } from './resync.ts'
import type { RevokedSession, Sessions } from './sessions.ts'
import { BATCH, type Surplus } from './surplus.ts'
import type { RevokedReason, Session } from './tables.ts'

export type Revocations = ReturnType<typeof createRevocations>

/** More than an account has logins. */
const TOLD_AGAIN = 2000

/** Ends logins: in SQL, which is the record, and with everybody who has to know. `limit`: how many an account may have. */
export function createRevocations(
  sessions: Sessions & Endings & Surplus,
  listeners: RevocationListener[],
  limit: number
) {
  const { tell, prepare } = createNotifier(listeners)
  /** Failing this costs nothing: the call that is done could be repeated once more. */
  const acknowledge = (sid: string) => sessions.clearPending(sid).catch(() => {})
  /** Again too: an earlier try may have ended some of these, and told nobody. */
  const tellAll = async (userId: string) => tell(await sessions.listRevoked(userId, TOLD_AGAIN))

  async function tellSurplus(source: EventSource, userId: string, ended: RevokedSession[]) {
    if (ended.length > 0) logEvent(source, 'session_expired', { userId, reason: 'limit', count: ended.length })
    await tell(ended)
    return ended.length > 0
  }

  /** Ends some of the live logins that an account has beyond the limit; gives whether there was any. */
  async function endSomeSurplus(source: EventSource, userId: string) {
    return tellSurplus(source, userId, await sessions.markOldest(userId, limit, new Date()))
  }

  /**
   * Ends as many as there are beyond the limit, from before there was one, so that what follows is of bounded size. No request
   * has the time for thousands: this takes as long as it takes.
   */
  async function endSurplus(source: EventSource, userId: string, stays: string | undefined) {
    let surplus = (await sessions.countOf(userId)) - limit
    await detached(async () => {
      for (; surplus > 0; surplus -= BATCH) {
        await tellSurplus(source, userId, await sessions.markSome(userId, stays, Math.min(surplus, BATCH), new Date()))
        // SQLite answers without a pause, and nobody else would have a turn.
        await yieldToOthers()
      }
    })
  }

  return {
    onRevoked: (listener: RevocationListener) => void listeners.push(listener),
    tell,
    endSurplus,
    endSomeSurplus,
    /**
     * Runs a change that ends some of these logins, wholly or not at all: it throws where a revocation cannot be stored
     * everywhere, and then nothing has changed. SQL is asked about these logins from before the change until all were told.
     */
    async endWholly<T extends { ended: Session[] }>(affected: RevokedSession[], change: () => Promise<T | null>) {
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
      await tell(changed.ended.filter(({ id }) => !prepared.has(id)))
      // Of those that cannot be told of now SQL is asked, until it is read again.
      await tell(changed.ended.filter(({ id }) => prepared.has(id))).catch(() => {})
      return changed
    },
    /** Revokes a login; null where there is none. Throws where SQL or a listener did not take it: repeat it, then. */
    async revoke(source: EventSource, sid: string, reason: RevokedReason, now: Date) {
      const ended = await sessions.markRevoked(source, sid, reason, now)
      const login = ended ?? (await sessions.find(sid))
      if (login === null) return null
      await tell([login])
      if (login.revocationPending) await acknowledge(sid)
      return login
    },
    /** Revokes the logins of a user, or all but their `own` one. Throws as `revoke` does. */
    async revokeAll(source: EventSource, userId: string, reason: RevokedReason, now: Date, own: Own | null = null) {
      await endSurplus(source, userId, own?.sid)
      await sessions.markAllRevoked(source, userId, reason, now, own)
      await tellAll(userId)
      if (own) await acknowledge(own.sid)
    },
    /** Deletes a user, ends their logins; does nothing where there is no such user. Throws as `revoke` does. */
    async deleteUser(source: EventSource, userId: string, now: Date, own?: string) {
      await endSurplus(source, userId, own)
      const deleted = await sessions.deleteUser(source, userId, now, own)
      if (deleted) await tell(deleted.ended)
      if (own) await acknowledge(own)
    },
    /** Sets a password without the old one and ends all logins, wholly or not at all; nothing where there is no such user. */
    async resetPassword(source: EventSource, userId: string, passwordHash: string, now: Date) {
      await endSurplus(source, userId, undefined)
      const affected = await sessions.listUnrevoked(userId)
      await this.endWholly(affected, () => sessions.resetPassword(source, userId, passwordHash, now))
    },
    /** Acknowledges the call that has revoked this login, and that could not be then. Throws where it still cannot. */
    async complete({ id, userId }: Session) {
      await tellAll(userId)
      await acknowledge(id)
    }
  }
}
