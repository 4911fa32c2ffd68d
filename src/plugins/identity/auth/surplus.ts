import { and, desc, eq, gt, inArray, isNull, ne } from '../../platform/db/drizzle.ts'
import type { Database, RunTransaction, Tables } from '../../platform/db/types.ts'
import { notifiedColumns, type RevokedSession } from './sessions.ts'

export type Surplus = ReturnType<typeof createSurplus>

/** So many end in one transaction: on SQLite nobody else has a turn meanwhile. */
export const BATCH = 3000
const set = (now: Date) => ({ revokedAt: now, revokedReason: 'limit' as const })

/** Ends logins that an account has beyond MAX_SESSIONS_PER_USER. */
export function createSurplus(db: Database, transaction: RunTransaction, { sessions }: Tables) {
  const unrevoked = (userId: string, stays?: string) => {
    const others = stays === undefined ? undefined : ne(sessions.id, stays)
    return and(eq(sessions.userId, userId), isNull(sessions.revokedAt), others)
  }

  /** The step that ends live logins of a user beyond the `limit` newest ones but the one that stays: those used longest ago. */
  const endOldest = (userId: string, limit: number, now: Date, stays?: string) => (tx: Database) => {
    const all = tx.select({ id: sessions.id }).from(sessions)
    const live = all.where(and(unrevoked(userId, stays), gt(sessions.expiresAt, now)))
    const oldest = live.orderBy(desc(sessions.lastSeenAt), desc(sessions.id)).limit(BATCH).offset(limit)
    return tx.update(sessions).set(set(now)).where(inArray(sessions.id, oldest)).returning()
  }

  return {
    endOldest,
    /** Ends some of the live logins that are more than `limit`, those used longest ago; gives them. */
    async markOldest(userId: string, limit: number, now: Date): Promise<RevokedSession[]> {
      return (await transaction({ steps: { ended: endOldest(userId, limit, now) } }))?.ended ?? []
    },
    /** How many logins of a user nobody has revoked, expired ones too. */
    countOf: (userId: string) => db.$count(sessions, unrevoked(userId)),
    /** Ends up to `count` logins of a user but the one that stays, whichever come first; gives them. */
    async markSome(userId: string, stays: string | undefined, count: number, now: Date): Promise<RevokedSession[]> {
      const ended = (tx: Database) => {
        const some = tx.select({ id: sessions.id }).from(sessions).where(unrevoked(userId, stays)).limit(count)
        return tx.update(sessions).set(set(now)).where(inArray(sessions.id, some)).returning(notifiedColumns(sessions))
      }
      return (await transaction({ steps: { ended } }))?.ended ?? []
    }
  }
}
