import type { SQL } from 'drizzle-orm'
import type { Audit, EventSource } from '../../platform/audit/audit.ts'
import type { Event } from '../../platform/audit/event-types.ts'
import { logEvent } from '../../platform/audit/log.ts'
import { and, eq, isNull, ne } from '../../platform/db/drizzle.ts'
import type { Database, RunTransaction, Step, Tables, Transaction } from '../../platform/db/types.ts'
import { changeCredentials } from '../users/credentials.ts'
import type { NamedSteps } from './insert-session.ts'
import { type DeletionCheck, type Removal, removeAll } from './removals.ts'
import { createRevokedEvents } from './revoked-events.ts'
import type { RevokedReason, Session } from './tables.ts'

export type RevokeRows = ReturnType<typeof createRevokeRows>
/** The session that a call was made with, and whether the call keeps it. */
export type Own = { sid: string; stays: boolean }

/** What a change of a user needs and does beside it; `own` is the session that it was made with. */
export type UserChange = { own?: string | undefined; preconditions?: NamedSteps; steps?: NamedSteps }
/** `user` finds or changes the user. */
export type Ending = UserChange & { user: Step<{ id: string }>; event: Event; reason: RevokedReason }

/** Transactions that revoke sessions in SQL and store the events. Call them through revocations.ts, which notifies the listeners. */
export function createRevokeRows(
  transaction: RunTransaction,
  tables: Tables,
  audit: Audit,
  accessRemovals: Removal[],
  deletionChecks: DeletionCheck[]
) {
  const { sessions, users } = tables
  const revokedEvents = createRevokedEvents(audit)
  const unrevoked = (condition: SQL) => and(condition, isNull(sessions.revokedAt))
  const isOfUser = (userId: string) => eq(sessions.userId, userId)

  /** The step that revokes what the condition finds. `pending` is the session with which the call can be repeated until it succeeds. */
  const end =
    (condition: SQL | undefined, revokedReason: RevokedReason, now: Date, pending?: string) => (tx: Database) => {
      const revocationPending = pending === undefined ? false : eq(sessions.id, pending)
      return tx.update(sessions).set({ revokedAt: now, revokedReason, revocationPending }).where(condition).returning()
    }
  /** Logins and renewals hold the same lock, so none of them slips through. */
  const lockUser = (userId: string) => (tx: Transaction) =>
    tx.lock(tx.select({ id: users.id }).from(users).where(eq(users.id, userId)))

  /** Changes a user, and ends all of their sessions and other access. Null: there is no such user, or a precondition failed. */
  async function endAccess(source: EventSource, userId: string, change: Ending, now: Date) {
    const { user, event, reason, own, preconditions, steps } = change
    const rows = await transaction({
      preconditions: { ...preconditions, user },
      steps: {
        ...steps,
        ...removeAll(accessRemovals, userId),
        revoked: end(unrevoked(isOfUser(userId)), reason, now, own),
        events: revokedEvents.store(source, ['revoked'], [event])
      }
    })
    if (rows === null) return null
    logEvent(source, ...event)
    revokedEvents.log(source, rows.revoked)
    return { ended: rows.revoked }
  }

  return {
    end,
    endAccess,
    /** Revokes a session. Null: it was already revoked, or there is none. */
    async markRevoked(source: EventSource, sid: string, reason: RevokedReason, now: Date): Promise<Session | null> {
      const rows = await transaction({
        preconditions: { revoked: end(unrevoked(eq(sessions.id, sid)), reason, now, sid) },
        steps: { events: revokedEvents.store(source, ['revoked']) }
      })
      revokedEvents.log(source, rows?.revoked ?? [])
      return rows?.revoked[0] ?? null
    },
    /** Revokes all sessions of a user, or all but their `own`. Returns whether the preconditions held. */
    async markAllRevoked(
      source: EventSource,
      userId: string,
      reason: RevokedReason,
      now: Date,
      own: Own | null,
      preconditions: NamedSteps = {}
    ) {
      const others = own?.stays ? ne(sessions.id, own.sid) : undefined
      const revoked = end(and(unrevoked(isOfUser(userId)), others), reason, now, own?.sid)
      const events = revokedEvents.store(source, ['revoked'])
      const rows = await transaction({ preconditions, steps: { user: lockUser(userId), revoked, events } })
      revokedEvents.log(source, rows?.revoked ?? [])
      return rows !== null
    },
    /** Sets a password without the old one and revokes all sessions. Null: there is no such user, or a precondition failed. */
    resetPassword(source: EventSource, userId: string, passwordHash: string, now: Date, change: UserChange) {
      const user = changeCredentials(users, userId, { passwordHash }, now)
      const event = ['authn_password_change', { userId, reason: 'reset' }] as const
      return endAccess(source, userId, { ...change, user, event, reason: 'password' }, now)
    },
    /** Deletes a user and revokes their sessions. The rows stay as long as a token may be alive. Null: there is no such user. */
    async deleteUser(source: EventSource, userId: string, now: Date, own?: string) {
      const user = (tx: Database) => tx.delete(users).where(eq(users.id, userId)).returning({ id: users.id })
      const event = ['user_deleted', { userId }] as const
      for (;;) {
        const preconditions: NamedSteps = {}
        for (const check of deletionChecks) Object.assign(preconditions, await check(userId))
        const deleted = await endAccess(source, userId, { preconditions, user, event, reason: 'deletion', own }, now)
        // What a check required may have changed since it was asked: it is asked again, and may refuse.
        if (deleted || Object.keys(preconditions).length === 0) return deleted
      }
    }
  }
}
