import type { FastifyInstance } from 'fastify'
import type { Event } from '../../platform/audit/event-types.ts'
import { logEvent } from '../../platform/audit/log.ts'
import { inArray, lt } from '../../platform/db/drizzle.ts'
import { OVERLAP_MS } from './resync.ts'
import type { Session } from './tables.ts'

/** Ended sessions are kept for a day, so that their credentials are refused as expired or revoked rather than unknown. */
const KEPT_MS = 24 * 3_600_000
const BATCH = 50

/** The two ways a session ends, each with an index of its own. */
export const ENDS = ['expiresAt', 'revokedAt'] as const

type Dependencies = Pick<FastifyInstance, 'transaction' | 'tables' | 'revocations' | 'audit' | 'log'>

/**
 * Deletes a batch of sessions that ended more than a day ago, or longer if access tokens live longer (ASVS 5.0, 14.2.7). Records the
 * ones that expired in the same transaction. Returns whether there may be more.
 */
export async function deleteEnded(
  { transaction, tables, revocations, audit, log }: Dependencies,
  end: (typeof ENDS)[number],
  now: Date
) {
  const { sessions } = tables
  const cutoff = new Date(now.getTime() - Math.max(KEPT_MS, (await revocations.windowMs()) + OVERLAP_MS))

  function toEvent({ id: sid, userId, kind, expiresAt, absoluteExpiresAt }: Session): Event {
    return ['session_expired', { userId, sid, kind, reason: expiresAt < absoluteExpiresAt ? 'idle' : 'absolute' }]
  }
  const toEvents = (deleted: Session[]) => deleted.filter(({ revokedAt }) => revokedAt === null).map(toEvent)

  const rows = await transaction({
    // An empty batch commits too: a rollback would hold the lock a moment longer, and the next batch would be skipped.
    steps: {
      deleted: (tx) => {
        const ended = tx.select({ id: sessions.id }).from(sessions).where(lt(sessions[end], cutoff))
        const batch = ended.orderBy(sessions[end]).limit(BATCH)
        return tx.delete(sessions).where(inArray(sessions.id, batch)).returning()
      },
      events: (tx, { deleted }) => audit.insert(tx, { log }, toEvents(deleted as Session[]))
    },
    skipIfLocked: true
  })
  for (const [name, details] of toEvents(rows?.deleted ?? [])) logEvent({ log }, name, details)
  return rows?.deleted.length === BATCH
}
