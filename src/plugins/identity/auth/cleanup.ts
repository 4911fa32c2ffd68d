import type { FastifyInstance } from 'fastify'
import { logEvent } from '../../platform/audit/log.ts'
import { inArray, lt } from '../../platform/db/drizzle.ts'
import { OVERLAP_MS } from './resync.ts'
import type { Session } from './tables.ts'

/** For a day an ended login can still be told from one that never was. */
const KEPT_MS = 24 * 3_600_000
const BATCH = 50

/** What ends a login: each has an index, and one index is read from its beginning. */
export const ENDS = ['expiresAt', 'revokedAt'] as const

/**
 * Deletes some logins that ended so a day ago, or as long ago as an access token of theirs may live (ASVS 5.0, 14.2.7), and
 * writes down those that ended by time, both or neither. Gives whether there may be more.
 */
export async function sweep(app: FastifyInstance, end: (typeof ENDS)[number], now: Date) {
  const { transaction, tables, revocations, audit, log } = app
  const { sessions, auditEvents } = tables
  const cutoff = new Date(now.getTime() - Math.max(KEPT_MS, (await revocations.windowMs()) + OVERLAP_MS))

  function toEvents({ id: sid, userId, kind, expiresAt, absoluteExpiresAt }: Session) {
    const reason = expiresAt < absoluteExpiresAt ? 'idle' : 'absolute'
    return audit.toRows({ log }, ['session_expired'], { userId, sid, kind, reason })
  }

  const rows = await transaction({
    preconditions: {
      deleted: (tx) => {
        const over = tx.select({ id: sessions.id }).from(sessions).where(lt(sessions[end], cutoff))
        const some = over.orderBy(sessions[end]).limit(BATCH)
        return tx.delete(sessions).where(inArray(sessions.id, some)).returning()
      }
    },
    steps: {
      events: (tx, { deleted }) => {
        const expired = (deleted as Session[]).filter(({ revokedAt }) => revokedAt === null)
        return expired.length === 0 ? null : tx.insert(auditEvents).values(expired.flatMap(toEvents)).returning()
      }
    },
    skipIfLocked: true
  })
  for (const { userId, sid, kind, reason } of rows?.events ?? [])
    logEvent({ log }, 'session_expired', { userId, sid, kind, reason })
  return rows?.deleted.length === BATCH
}

const USERS = 200

/**
 * Ends what accounts have beyond the limit: from before there was one, or since it was lowered. Goes once through all users, some
 * at a time; gives whether there may be more.
 */
export function createSurplusCleanup({ sessions, revocations, config, log }: FastifyInstance) {
  let last = '00000000-0000-0000-0000-000000000000'
  return async function cleanUpSurplus() {
    const found = await sessions.countUnrevoked(last, USERS)
    for (const { userId, count } of found) {
      const isCrowded = Number(count) > config.MAX_SESSIONS_PER_USER
      // Some of them, and the same user again.
      if (isCrowded && (await revocations.endSomeSurplus({ log }, userId))) return true
      last = userId
    }
    return found.length === USERS
  }
}
