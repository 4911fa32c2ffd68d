import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { EventSource } from '../../platform/audit/audit.ts'
import { logEvent } from '../../platform/audit/log.ts'
import { and, desc, eq, gt, inArray, isNull, ne } from '../../platform/db/drizzle.ts'
import type { Database, RunTransaction, Tables } from '../../platform/db/types.ts'
import { detached } from '../../platform/time-budget/time-budget.ts'
import { notifiedColumns, type RevokedSession } from './sessions.ts'

// MAX_SESSIONS_PER_USER: a login beyond the limit revokes the session that was used longest ago. Accounts may have more from the
// time before the limit was set or lowered; those are revoked in batches.

export type LimitQueries = ReturnType<typeof createLimitQueries>

/** Sessions revoked in one transaction. SQLite serves nobody else meanwhile. */
const BATCH = 3000
const USERS = 200
const toRevoked = (now: Date) => ({ revokedAt: now, revokedReason: 'limit' as const })

export function createLimitQueries(db: Database, transaction: RunTransaction, { sessions }: Tables) {
  const unrevoked = (userId: string, keep?: string) => {
    const others = keep === undefined ? undefined : ne(sessions.id, keep)
    return and(eq(sessions.userId, userId), isNull(sessions.revokedAt), others)
  }

  /** The step that revokes live sessions of a user beyond the `limit` ones used last. */
  const endOldest = (userId: string, limit: number, now: Date) => (tx: Database) => {
    const all = tx.select({ id: sessions.id }).from(sessions)
    const live = all.where(and(unrevoked(userId), gt(sessions.expiresAt, now)))
    const oldest = live.orderBy(desc(sessions.lastSeenAt), desc(sessions.id)).limit(BATCH).offset(limit)
    return tx.update(sessions).set(toRevoked(now)).where(inArray(sessions.id, oldest)).returning()
  }

  return {
    endOldest,
    /** Revokes a batch of the live sessions beyond `limit`, those used longest ago, and returns them. */
    async markOldest(userId: string, limit: number, now: Date): Promise<RevokedSession[]> {
      return (await transaction({ steps: { revoked: endOldest(userId, limit, now) } }))?.revoked ?? []
    },
    /** How many sessions of a user are not revoked, including expired ones. */
    countOf: (userId: string) => db.$count(sessions, unrevoked(userId)),
    /** Revokes up to `count` sessions of a user in no order, except `keep`, and returns them. */
    async markSome(userId: string, keep: string | undefined, count: number, now: Date): Promise<RevokedSession[]> {
      const revoked = (tx: Database) => {
        const some = tx.select({ id: sessions.id }).from(sessions).where(unrevoked(userId, keep)).limit(count)
        const update = tx.update(sessions).set(toRevoked(now)).where(inArray(sessions.id, some))
        return update.returning(notifiedColumns(sessions))
      }
      return (await transaction({ steps: { revoked } }))?.revoked ?? []
    }
  }
}

/** Revokes what an account has beyond the limit, and notifies the listeners. */
export function createSurplusRevocation(
  sessions: LimitQueries,
  notify: (revoked: RevokedSession[]) => Promise<void>,
  maxSessions: number
) {
  async function logAndNotify(source: EventSource, userId: string, revoked: RevokedSession[]) {
    if (revoked.length > 0) logEvent(source, 'session_expired', { userId, reason: 'limit', count: revoked.length })
    await notify(revoked)
    return revoked.length > 0
  }

  return {
    /** Revokes a batch of the oldest live sessions beyond the limit. Returns whether there were any. */
    async revokeSomeSurplus(source: EventSource, userId: string) {
      return logAndNotify(source, userId, await sessions.markOldest(userId, maxSessions, new Date()))
    },
    /**
     * Revokes as many sessions as there are beyond the limit, so that what follows is bounded. Takes as long as it needs: thousands
     * do not fit into the time of a request.
     */
    async revokeSurplus(source: EventSource, userId: string, keep: string | undefined) {
      let surplus = (await sessions.countOf(userId)) - maxSessions
      await detached(async () => {
        for (; surplus > 0; surplus -= BATCH) {
          const revoked = await sessions.markSome(userId, keep, Math.min(surplus, BATCH), new Date())
          await logAndNotify(source, userId, revoked)
          // SQLite answers synchronously; let others run.
          await nextTurn()
        }
      })
    }
  }
}

/** A cleanup batch: goes through all users once and revokes their surplus. Returns whether there may be more. */
export function createSurplusCleanup({
  sessions,
  revocations,
  config,
  log
}: Pick<FastifyInstance, 'sessions' | 'revocations' | 'config' | 'log'>) {
  let last = '00000000-0000-0000-0000-000000000000'
  return async function revokeSurplusBatch() {
    const found = await sessions.countUnrevoked(last, USERS)
    for (const { userId, count } of found) {
      const hasSurplus = Number(count) > config.MAX_SESSIONS_PER_USER
      // A batch is not always all: look at the same user again.
      if (hasSurplus && (await revocations.revokeSomeSurplus({ log }, userId))) return true
      last = userId
    }
    return found.length === USERS
  }
}
