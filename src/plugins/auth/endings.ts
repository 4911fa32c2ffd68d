import type { SQL } from 'drizzle-orm'
import { and, desc, eq, gt, inArray, isNull, ne } from '../db/drizzle.ts'
import type { Atomically, Database, Lock, Login, RevokedReason, Step, Tables } from '../db/types.ts'
import type { EventSource, Events } from '../events/events.ts'
import { type EventDetails, logEvent } from '../events/log.ts'
import type { EventName } from '../events/vocabulary.ts'
import { createEndedEvents } from './ended.ts'

export type Endings = ReturnType<typeof createEndings>

/** Of more logins than an account may have, so many end in one transaction: none holds up the others for long. */
const BATCH = 2000

/** Changes that end logins, each one transaction with its events. Others have to be told: see revocations.ts. */
export function createEndings(atomically: Atomically, tables: Tables, events: Events) {
  const { sessions, users } = tables
  const ended = createEndedEvents(events, tables)
  const unrevoked = (condition: SQL) => and(condition, isNull(sessions.revokedAt))
  const isOfUser = (userId: string) => eq(sessions.userId, userId)

  /**
   * The step that revokes what this condition finds. The call that asked for it is pending until it is acknowledged: whatever
   * keeps it from that, even a deadline that ran out after the commit, it may be repeated.
   */
  const end =
    (condition: SQL | undefined, revokedReason: RevokedReason, now: Date, revocationPending = false) =>
    (tx: Database) =>
      tx.update(sessions).set({ revokedAt: now, revokedReason, revocationPending }).where(condition).returning()
  /** Logins and renewals of a user hold the same lock: none of them slips through. */
  const lockUser = (userId: string) => (tx: Database, lock: Lock) =>
    lock(tx.select({ id: users.id }).from(users).where(eq(users.id, userId)))
  /** Ends live logins of a user that are more than `limit` with this one, which stays: those used longest ago. */
  const endSurplus = (userId: string, stays: string | undefined, limit: number, now: Date) => (tx: Database) => {
    const others = stays === undefined ? undefined : ne(sessions.id, stays)
    const live = and(unrevoked(isOfUser(userId)), gt(sessions.expiresAt, now), others)
    const all = tx.select({ id: sessions.id }).from(sessions).where(live)
    const newestFirst = all.orderBy(desc(sessions.lastSeenAt), desc(sessions.id))
    const surplus = newestFirst.limit(BATCH).offset(stays === undefined ? limit : limit - 1)
    return end(inArray(sessions.id, surplus), 'limit', now)(tx)
  }

  /** A change of a user that ends all of their logins; null where it finds none. */
  async function endAll(
    source: EventSource,
    userId: string,
    change: Step<{ id: string }>,
    [event, details]: [EventName, EventDetails],
    reason: RevokedReason,
    now: Date
  ) {
    const row = events.toRows(source, [event], details)
    const rows = await atomically(
      [change],
      [end(unrevoked(isOfUser(userId)), reason, now, true), ended.store(source, [1], row)]
    )
    if (rows === null) return null
    logEvent(source, event, details)
    ended.log(source, rows[1])
    return { ended: rows[1] }
  }

  return {
    end,
    endSurplus,
    /** Revokes a login; null where it was before, or is not there. */
    async markRevoked(source: EventSource, sid: string, reason: RevokedReason, now: Date): Promise<Login | null> {
      const rows = await atomically(
        [end(unrevoked(eq(sessions.id, sid)), reason, now, true)],
        [ended.store(source, [0])]
      )
      ended.log(source, rows?.[0] ?? [])
      return rows?.[0][0] ?? null
    },
    /** The same for all logins of a user but `except`; gives those that were not revoked before. */
    async markAllRevoked(source: EventSource, userId: string, reason: RevokedReason, now: Date, except?: string) {
      const others = except === undefined ? undefined : ne(sessions.id, except)
      const rows = await atomically(
        [lockUser(userId)],
        [end(and(unrevoked(isOfUser(userId)), others), reason, now, true), ended.store(source, [1])]
      )
      ended.log(source, rows?.[1] ?? [])
      return rows?.[1] ?? []
    },
    /** Revokes some of the logins that are more than `limit` with the one that stays; gives them. */
    async markSurplus(userId: string, stays: string | undefined, limit: number, now: Date) {
      const rows = await atomically([lockUser(userId)], [endSurplus(userId, stays, limit, now)])
      return rows?.[1] ?? []
    },
    /** Sets a password without the old one and revokes every login of the user; null where there is none. */
    resetPassword(source: EventSource, userId: string, passwordHash: string, now: Date) {
      const change = (tx: Database) =>
        tx.update(users).set({ passwordHash, updatedAt: now }).where(eq(users.id, userId)).returning({ id: users.id })
      return endAll(source, userId, change, ['authn_password_change', { userId, reason: 'reset' }], 'password', now)
    },
    /** Deletes a user and revokes their logins, whose rows stay until no token of them can be alive; null: no such user. */
    deleteUser(source: EventSource, userId: string, now: Date) {
      const change = (tx: Database) => tx.delete(users).where(eq(users.id, userId)).returning({ id: users.id })
      return endAll(source, userId, change, ['user_deleted', { userId }], 'deletion', now)
    }
  }
}
