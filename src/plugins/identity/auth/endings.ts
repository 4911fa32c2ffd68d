import type { SQL } from 'drizzle-orm'
import type { Audit, EventSource } from '../../platform/audit/audit.ts'
import type { EventName } from '../../platform/audit/event-types.ts'
import { type EventDetails, logEvent } from '../../platform/audit/log.ts'
import { and, eq, isNull, ne } from '../../platform/db/drizzle.ts'
import type { Database, RunTransaction, Step, Tables, Transaction } from '../../platform/db/types.ts'
import { createEndedEvents } from './ended.ts'
import type { RevokedReason, Session } from './tables.ts'

export type Endings = ReturnType<typeof createEndings>
/** The login by which a call that ends others was made, and whether it stays. */
export type Own = { sid: string; stays: boolean }
/** Changes that end logins, each one transaction with its events. Others have to be told: see revocations.ts. */
export function createEndings(transaction: RunTransaction, tables: Tables, audit: Audit) {
  const { sessions, users } = tables
  const ended = createEndedEvents(audit, tables)
  const unrevoked = (condition: SQL) => and(condition, isNull(sessions.revokedAt))
  const isOfUser = (userId: string) => eq(sessions.userId, userId)

  /**
   * The step that revokes what this condition finds. `pending` is the login by which the call may be repeated until it is
   * acknowledged, whatever keeps it from that: even a deadline that runs out after the commit.
   */
  const end =
    (condition: SQL | undefined, revokedReason: RevokedReason, now: Date, pending?: string) => (tx: Database) => {
      const revocationPending = pending === undefined ? false : eq(sessions.id, pending)
      return tx.update(sessions).set({ revokedAt: now, revokedReason, revocationPending }).where(condition).returning()
    }
  /** Logins and renewals of a user hold the same lock: none of them slips through. */
  const lockUser = (userId: string) => (tx: Transaction) =>
    tx.lock(tx.select({ id: users.id }).from(users).where(eq(users.id, userId)))
  /** A change of a user that ends all of their logins; null where it finds none. */
  async function endAll(
    source: EventSource,
    userId: string,
    change: Step<{ id: string }>,
    [event, details]: [EventName, EventDetails],
    reason: RevokedReason,
    now: Date,
    own?: string
  ) {
    const row = audit.toRows(source, [event], details)
    const rows = await transaction({
      preconditions: { change },
      steps: {
        revoked: end(unrevoked(isOfUser(userId)), reason, now, own),
        events: ended.store(source, ['revoked'], row)
      }
    })
    if (rows === null) return null
    logEvent(source, event, details)
    ended.log(source, rows.revoked)
    return { ended: rows.revoked }
  }

  return {
    end,
    /** Revokes a login; null where it was before, or is not there. */
    async markRevoked(source: EventSource, sid: string, reason: RevokedReason, now: Date): Promise<Session | null> {
      const rows = await transaction({
        preconditions: { revoked: end(unrevoked(eq(sessions.id, sid)), reason, now, sid) },
        steps: { events: ended.store(source, ['revoked']) }
      })
      ended.log(source, rows?.revoked ?? [])
      return rows?.revoked[0] ?? null
    },
    /** The same for all logins of a user, or for all but their `own` one. */
    async markAllRevoked(source: EventSource, userId: string, reason: RevokedReason, now: Date, own: Own | null) {
      const others = own?.stays ? ne(sessions.id, own.sid) : undefined
      const all = and(unrevoked(isOfUser(userId)), others)
      const revoked = end(all, reason, now, own?.sid)
      const rows = await transaction({
        steps: { user: lockUser(userId), revoked, events: ended.store(source, ['revoked']) }
      })
      ended.log(source, rows?.revoked ?? [])
    },
    /** Sets a password without the old one and revokes every login of the user; null where there is none. */
    resetPassword(source: EventSource, userId: string, passwordHash: string, now: Date) {
      const change = (tx: Database) =>
        tx.update(users).set({ passwordHash, updatedAt: now }).where(eq(users.id, userId)).returning({ id: users.id })
      return endAll(source, userId, change, ['authn_password_change', { userId, reason: 'reset' }], 'password', now)
    },
    /** Deletes a user and revokes their logins, whose rows stay until no token of them can be alive; null: no such user. */
    deleteUser(source: EventSource, userId: string, now: Date, own?: string) {
      const change = (tx: Database) => tx.delete(users).where(eq(users.id, userId)).returning({ id: users.id })
      return endAll(source, userId, change, ['user_deleted', { userId }], 'deletion', now, own)
    }
  }
}
