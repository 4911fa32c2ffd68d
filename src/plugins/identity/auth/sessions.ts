import { and, asc, desc, eq, gt, isNotNull, isNull, lt, lte, ne, or, sql } from '../../platform/db/drizzle.ts'
import type { Database, PrepareOne, Tables, Write } from '../../platform/db/types.ts'
import type { Session } from './tables.ts'

export type Sessions = ReturnType<typeof createSessions>
type Ends = 'expiresAt' | 'absoluteExpiresAt' | 'revokedAt' | 'revokedReason'
type Seen = 'remember' | 'lastSeenAt' | 'authenticatedAt'
/** What checking a cookie needs of a session. */
export type CheckedSession = Pick<Session, 'id' | 'userId' | 'kind' | 'secretHash' | Seen | Ends>
/** What a revocation listener needs of a session. */
export type RevokedSession = CheckedSession & Pick<Session, 'accessTtl'>
/** Where a page of a list ends. */
export type Place = Pick<Session, 'lastSeenAt' | 'id'>
type Page = { after: Place | undefined; limit: number; except: string | undefined }

/** A session without `remember` expires after half a day without use. */
const NOT_REMEMBERED_IDLE_SECONDS = 12 * 3600

/** Reduces a whole session to that. */
export function toCheckedSession(session: CheckedSession): CheckedSession {
  const { id, userId, kind, secretHash, remember, lastSeenAt, authenticatedAt } = session
  const { expiresAt, absoluteExpiresAt, revokedAt, revokedReason } = session
  const ends = { expiresAt, absoluteExpiresAt, revokedAt, revokedReason }
  return { id, userId, kind, secretHash, remember, lastSeenAt, authenticatedAt, ...ends }
}

/** The columns of a RevokedSession. */
export function notifiedColumns(sessions: Tables['sessions']) {
  const { id, userId, kind, secretHash, remember, lastSeenAt, authenticatedAt, accessTtl } = sessions
  const { expiresAt, absoluteExpiresAt, revokedAt, revokedReason } = sessions
  const ends = { expiresAt, absoluteExpiresAt, revokedAt, revokedReason }
  return { id, userId, kind, secretHash, remember, lastSeenAt, authenticatedAt, accessTtl, ...ends }
}

/** When a session expires if it is not used again: at most at its absolute end. `idleTtl` is in seconds. */
export function idleEnd(session: Pick<Session, 'remember' | 'absoluteExpiresAt'>, idleTtl: number, now: Date) {
  const seconds = session.remember ? idleTtl : Math.min(idleTtl, NOT_REMEMBERED_IDLE_SECONDS)
  return new Date(Math.min(now.getTime() + seconds * 1000, session.absoluteExpiresAt.getTime()))
}

/** Neither revoked nor expired. */
export function isLive(session: Pick<Session, 'revokedAt' | 'expiresAt' | 'absoluteExpiresAt'>, now: Date) {
  return session.revokedAt === null && session.expiresAt > now && session.absoluteExpiresAt > now
}

/** Reads sessions and changes single ones. insert-session.ts makes them, revoke-rows.ts and session-limit.ts revoke them. */
export function createSessions(db: Database, { sessions }: Tables, prepareOne: PrepareOne, write: Write) {
  const whole = () => db.select().from(sessions)
  const byId = prepareOne(whole().where(eq(sessions.id, sql.placeholder('sid'))), 'session_by_id')
  // Every request pays for each column that is read.
  const { id, userId, kind, secretHash, lastSeenAt, expiresAt } = sessions
  const { revokedAt, accessTtl } = sessions
  const { accessTtl: _, ...checked } = notifiedColumns(sessions)
  const isSecret = eq(secretHash, sql.placeholder('hash'))
  const bySecret = prepareOne(db.select(checked).from(sessions).where(isSecret), 'session_by_secret')
  const notified = () => db.select(notifiedColumns(sessions)).from(sessions)
  const isAlive = (user: string, now: Date) => and(eq(userId, user), isNull(revokedAt), gt(expiresAt, now))

  return {
    /** A session, also one that is revoked or expired, or null. */
    find: (sid: string) => byId({ sid }),
    /** The same by the SHA-256 of the secret in its cookie. */
    findBySecret: (hash: string) => bySecret({ hash }),
    /** Live sessions of a user, the one used last first: up to `limit` that come `after` a place, without `except`. */
    async listLive(user: string, now: Date, { after, limit = 1000, except }: Partial<Page> = {}) {
      const isLater =
        after && or(lt(lastSeenAt, after.lastSeenAt), and(eq(lastSeenAt, after.lastSeenAt), lt(id, after.id)))
      const others = except === undefined ? undefined : ne(id, except)
      const found = whole().where(and(isAlive(user, now), isLater, others))
      return found.orderBy(desc(lastSeenAt), desc(id)).limit(limit)
    },
    /** Sessions of a user that are not revoked, including expired ones. */
    listUnrevoked: (user: string) => notified().where(and(eq(userId, user), isNull(revokedAt))),
    /** Revoked sessions of a user, the last one first. */
    listRevoked: (user: string, limit: number) =>
      notified()
        .where(and(eq(userId, user), isNotNull(revokedAt)))
        .orderBy(desc(revokedAt))
        .limit(limit),
    /** How many sessions each of the next `limit` users has, in the order of their ids, starting after `after`. */
    async countUnrevoked(after: string, limit: number) {
      const counts = db.select({ userId, count: sql<string>`count(*)` }).from(sessions)
      return counts
        .where(and(gt(userId, after), isNull(revokedAt)))
        .groupBy(userId)
        .orderBy(asc(userId))
        .limit(limit)
    },
    /** Extends a session that was not used since `cutoff`. Null: it was revoked, or another request was first. */
    async touch(sid: string, expiresAt: Date, cutoff: Date, now: Date) {
      const isDue = and(eq(id, sid), isNull(revokedAt), lte(lastSeenAt, cutoff))
      const [session] = await write(db.update(sessions).set({ lastSeenAt: now, expiresAt }).where(isDue).returning())
      return session ?? null
    },
    /** Starts the next generation of refresh tokens (RFC 9700, 4.14.2). Null: revoked, or another request was first. */
    async rotate(sid: string, generation: number, changes: Pick<Session, 'expiresAt' | 'accessTtl'>, now: Date) {
      const isCurrent = and(eq(id, sid), eq(sessions.generation, generation), isNull(revokedAt))
      const next = { ...changes, generation: generation + 1, rotatedAt: now, lastSeenAt: now }
      const [session] = await write(db.update(sessions).set(next).where(isCurrent).returning())
      return session ?? null
    },
    /** The call that revoked this session succeeded and cannot be repeated any more. */
    async clearPending(sid: string) {
      await db.update(sessions).set({ revocationPending: false }).where(eq(id, sid))
    },
    /** Up to `limit` sessions that were revoked after `since`, or at that time with an id after `sid`, oldest first. */
    async revokedSince(since: Date, sid: string, limit: number): Promise<RevokedSession[]> {
      // A row comparison starts at one place of the index. With AND and OR each page would reread all rows of the same moment.
      const isLater = sql`(${revokedAt}, ${id}) > (${sql.param(since, revokedAt)}, ${sql.param(sid, id)})`
      return notified().where(isLater).orderBy(asc(revokedAt), asc(id)).limit(limit)
    },
    /** How many sessions of a kind were revoked after `since`. */
    countRevoked: (of: Session['kind'], since: Date) => db.$count(sessions, and(eq(kind, of), gt(revokedAt, since))),
    /** The longest lifetime of any access token that was issued, in seconds. */
    async longestAccessTtl() {
      const [found] = await db.select({ accessTtl }).from(sessions).orderBy(desc(accessTtl)).limit(1)
      return found?.accessTtl ?? 0
    }
  }
}
