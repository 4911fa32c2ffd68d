import type { FastifyInstance } from 'fastify'
import { OVERLAP_MS } from './replay.ts'

/** For a day an ended login can still be told from one that never was. */
const KEPT_MS = 24 * 3_600_000
const BATCH = 500

/**
 * Deletes logins that ended a day ago, or as long ago as an access token of theirs may live (ASVS 5.0, 14.2.7); writes down
 * those that ended by time.
 */
export async function sweep({ logins, revocations, events, log }: FastifyInstance, now: Date) {
  const cutoff = new Date(now.getTime() - Math.max(KEPT_MS, revocations.windowMs() + OVERLAP_MS))
  for (let count = BATCH; count === BATCH; ) {
    const deleted = await logins.deleteEnded(cutoff, BATCH)
    count = deleted.length
    for (const { id, userId, kind, revokedAt, expiresAt, absoluteExpiresAt } of deleted) {
      const reason = expiresAt < absoluteExpiresAt ? 'idle' : 'absolute'
      if (revokedAt === null) await events.record({ log }, 'session_expired', { userId, sid: id, kind, reason })
    }
  }
}
