import type { SQL } from 'drizzle-orm'
import type { Audit, EventSource } from '../../platform/audit/audit.ts'
import type { Event, EventDetails, EventName } from '../../platform/audit/event-types.ts'
import { logEvent } from '../../platform/audit/log.ts'
import { and, eq, isNull, ne } from '../../platform/db/drizzle.ts'
import type { Database, RunTransaction, Step, Tables, Transaction } from '../../platform/db/types.ts'
import { changeCredentials } from '../users/credentials.ts'
import type { NamedSteps } from './insert-session.ts'
import { type Removal, removeAll } from './removals.ts'
import type { RevokedReason, Session } from './tables.ts'

export type RevokeRows = ReturnType<typeof createRevokeRows>
/** The session that a call was made with, and whether the call keeps it. */
export type Own = { sid: string; stays: boolean }

/** What a change of a user needs and does beside it; `own` is the session that it was made with. */
export type UserChange = { own?: string | undefined; preconditions?: NamedSteps; steps?: NamedSteps }
type Ending = UserChange & { user: Step<{ id: string }>; event: EventName; reason: RevokedReason }

/** A call logs and stores events for at most this many sessions. An account has no more. */
const MAX_RECORDED = 1000
/** Reasons that the event calls by another name. */
const EVENT_REASONS: Partial<Record<RevokedReason, string>> = { all: 'revoked', replaced: 'revoked' }

/** The events of a revoked session; none for a renewed one, which goes on under another id. */
function toEvents({ revokedReason, userId, id: sid, kind }: Session): Event[] {
  if (revokedReason === null || revokedReason === 'renewed') return []
  const names: EventName[] = kind === 'token' ? ['session_expired', 'authn_token_revoked'] : ['session_expired']
  const details = { userId, sid, kind, reason: EVENT_REASONS[revokedReason] ?? revokedReason }
  return names.map((name) => [name, details])
}
const toAllEvents = (revoked: Session[]) => revoked.slice(0, MAX_RECORDED).flatMap(toEvents)

/** The events of sessions that a transaction revokes. */
export function createRevokedEvents(audit: Audit) {
  return {
    /** The step that stores them, with `others`; `revokedBy` names the steps that return the revoked sessions. */
    store(source: EventSource, revokedBy: string[], others: readonly Event[] = []): Step<{ id: string }> {
      return (tx, done) => {
        const revoked = revokedBy.flatMap((step) => done[step] as Session[])
        return audit.insert(tx, source, [...others, ...toAllEvents(revoked)])
      }
    },
    /** Logs them; to be called after the commit. */
    log(source: EventSource, revoked: Session[]) {
      for (const [name, details] of toAllEvents(revoked)) logEvent(source, name, details)
    }
  }
}

/** Transactions that revoke sessions in SQL and store the events. Call them through revocations.ts, which notifies the listeners. */
export function createRevokeRows(transaction: RunTransaction, tables: Tables, audit: Audit, accessRemovals: Removal[]) {
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

  /** Changes a user, and ends all of their sessions and other access. Null: there is no such user. */
  async function endAll(source: EventSource, userId: string, change: Ending, now: Date) {
    const { user, event, reason, own, preconditions, steps } = change
    const details: EventDetails = { userId, ...(event === 'authn_password_change' && { reason: 'reset' }) }
    const rows = await transaction({
      preconditions: { ...preconditions, user },
      steps: {
        ...steps,
        ...removeAll(accessRemovals, userId),
        revoked: end(unrevoked(isOfUser(userId)), reason, now, own),
        events: revokedEvents.store(source, ['revoked'], [[event, details]])
      }
    })
    if (rows === null) return null
    logEvent(source, event, details)
    revokedEvents.log(source, rows.revoked)
    return { ended: rows.revoked }
  }

  return {
    end,
    /** Revokes a session. Null: it was already revoked, or there is none. */
    async markRevoked(source: EventSource, sid: string, reason: RevokedReason, now: Date): Promise<Session | null> {
      const rows = await transaction({
        preconditions: { revoked: end(unrevoked(eq(sessions.id, sid)), reason, now, sid) },
        steps: { events: revokedEvents.store(source, ['revoked']) }
      })
      revokedEvents.log(source, rows?.revoked ?? [])
      return rows?.revoked[0] ?? null
    },
    /** Revokes all sessions of a user, or all but their `own`. */
    async markAllRevoked(source: EventSource, userId: string, reason: RevokedReason, now: Date, own: Own | null) {
      const others = own?.stays ? ne(sessions.id, own.sid) : undefined
      const revoked = end(and(unrevoked(isOfUser(userId)), others), reason, now, own?.sid)
      const events = revokedEvents.store(source, ['revoked'])
      const rows = await transaction({ steps: { user: lockUser(userId), revoked, events } })
      revokedEvents.log(source, rows?.revoked ?? [])
    },
    /** Sets a password without the old one and revokes all sessions. Null: there is no such user, or a precondition failed. */
    resetPassword(source: EventSource, userId: string, passwordHash: string, now: Date, change: UserChange) {
      const user = changeCredentials(users, userId, { passwordHash }, now)
      return endAll(source, userId, { ...change, user, event: 'authn_password_change', reason: 'password' }, now)
    },
    /** Deletes a user and revokes their sessions. The rows stay as long as a token may be alive. Null: there is no such user. */
    deleteUser(source: EventSource, userId: string, now: Date, own?: string) {
      const user = (tx: Database) => tx.delete(users).where(eq(users.id, userId)).returning({ id: users.id })
      return endAll(source, userId, { user, event: 'user_deleted', reason: 'deletion', own }, now)
    }
  }
}
