import { and, asc, desc, eq, gt, isNotNull, isNull, lt, lte, ne, or, sql } from '../../platform/db/drizzle.ts'
import type { Database, PrepareOne, Tables } from '../../platform/db/types.ts'
import type { Session } from './tables.ts'

export type Sessions = ReturnType<typeof createSessions>
type Ends = 'expiresAt' | 'absoluteExpiresAt' | 'revokedAt' | 'revokedReason'
type Seen = 'remember' | 'lastSeenAt' | 'authenticatedAt'
/** What the check of a cookie takes of a login. */
export type CheckedSession = Pick<Session, 'id' | 'userId' | 'kind' | 'secretHash' | Seen | Ends>
/** What those take of a login who have to hear of its end. */
export type RevokedSession = CheckedSession & Pick<Session, 'accessTtl'>
/** Where a page of a list ended. */
export type Place = Pick<Session, 'lastSeenAt' | 'id'>
type Page = { after: Place | undefined; limit: number; except: string | undefined }

/** Without `remember` a login idles out after half a day at most. */
const NOT_REMEMBERED_IDLE_SECONDS = 12 * 3600

/** The same of a whole login. */
export function toSessionLogin(login: CheckedSession): CheckedSession {
  const { id, userId, kind, secretHash, remember, lastSeenAt, authenticatedAt } = login
  const { expiresAt, absoluteExpiresAt, revokedAt, revokedReason } = login
  const ends = { expiresAt, absoluteExpiresAt, revokedAt, revokedReason }
  return { id, userId, kind, secretHash, remember, lastSeenAt, authenticatedAt, ...ends }
}

/** The columns of a login that ended, for those who have to hear of it. */
export function notifiedColumns(sessions: Tables['sessions']) {
  const { id, userId, kind, secretHash, remember, lastSeenAt, authenticatedAt, accessTtl } = sessions
  const { expiresAt, absoluteExpiresAt, revokedAt, revokedReason } = sessions
  const ends = { expiresAt, absoluteExpiresAt, revokedAt, revokedReason }
  return { id, userId, kind, secretHash, remember, lastSeenAt, authenticatedAt, accessTtl, ...ends }
}

/** When a login ends if it is not used again; never after its absolute end. `idleTtl` in seconds. */
export function idleEnd(login: Pick<Session, 'remember' | 'absoluteExpiresAt'>, idleTtl: number, now: Date) {
  const seconds = login.remember ? idleTtl : Math.min(idleTtl, NOT_REMEMBERED_IDLE_SECONDS)
  return new Date(Math.min(now.getTime() + seconds * 1000, login.absoluteExpiresAt.getTime()))
}

/** Neither revoked nor past one of its ends. */
export function isLive(login: Pick<Session, 'revokedAt' | 'expiresAt' | 'absoluteExpiresAt'>, now: Date) {
  return login.revokedAt === null && login.expiresAt > now && login.absoluteExpiresAt > now
}

/** What is asked of logins, the rows of `sessions`, and changes of one of them; those that end some are in endings.ts. */
export function createSessions(db: Database, { sessions }: Tables, prepareOne: PrepareOne) {
  const whole = () => db.select().from(sessions)
  const byId = prepareOne(whole().where(eq(sessions.id, sql.placeholder('sid'))), 'login_by_id')
  // Each column that is read costs every request.
  const { id, userId, kind, secretHash, lastSeenAt, expiresAt } = sessions
  const { revokedAt, accessTtl } = sessions
  const { accessTtl: _, ...checked } = notifiedColumns(sessions)
  const isSecret = eq(secretHash, sql.placeholder('hash'))
  const bySecret = prepareOne(db.select(checked).from(sessions).where(isSecret), 'login_by_secret')
  const told = () => db.select(notifiedColumns(sessions)).from(sessions)
  const isAlive = (user: string, now: Date) => and(eq(userId, user), isNull(revokedAt), gt(expiresAt, now))

  return {
    /** The login as stored, revoked and expired ones too, or null. */
    find: (sid: string) => byId({ sid }),
    /** The same by the SHA-256 of the secret in a cookie, as far as its check needs it. */
    findBySecret: (hash: string) => bySecret({ hash }),
    /** The live logins of a user, the one used last first: up to `limit` of them `after` a place, none of them `except`. */
    async listLive(user: string, now: Date, { after, limit = 1000, except }: Partial<Page> = {}) {
      const isLater =
        after && or(lt(lastSeenAt, after.lastSeenAt), and(eq(lastSeenAt, after.lastSeenAt), lt(id, after.id)))
      const others = except === undefined ? undefined : ne(id, except)
      const found = whole().where(and(isAlive(user, now), isLater, others))
      return found.orderBy(desc(lastSeenAt), desc(id)).limit(limit)
    },
    /** The logins of a user that nobody has revoked, expired ones too. */
    listUnrevoked: (user: string) => told().where(and(eq(userId, user), isNull(revokedAt))),
    /** Those that somebody has revoked, the last ones first. */
    listRevoked: (user: string, limit: number) =>
      told()
        .where(and(eq(userId, user), isNotNull(revokedAt)))
        .orderBy(desc(revokedAt))
        .limit(limit),
    /** How many logins up to `limit` users have who come `after` this one, in the order of their ids. */
    async countUnrevoked(after: string, limit: number) {
      const counts = db.select({ userId, count: sql<string>`count(*)` }).from(sessions)
      return counts
        .where(and(gt(userId, after), isNull(revokedAt)))
        .groupBy(userId)
        .orderBy(asc(userId))
        .limit(limit)
    },
    /** Slides the idle end of a login that was not seen since `cutoff`. Null: revoked, or another request was first. */
    async touch(sid: string, expiresAt: Date, cutoff: Date, now: Date) {
      const isDue = and(eq(id, sid), isNull(revokedAt), lte(lastSeenAt, cutoff))
      const [login] = await db.update(sessions).set({ lastSeenAt: now, expiresAt }).where(isDue).returning()
      return login ?? null
    },
    /** Moves a token login to its next generation. Null: revoked, or another request was first (RFC 9700, 4.14.2). */
    async rotate(sid: string, generation: number, changes: Pick<Session, 'expiresAt' | 'accessTtl'>, now: Date) {
      const isCurrent = and(eq(id, sid), eq(sessions.generation, generation), isNull(revokedAt))
      const next = { ...changes, generation: generation + 1, rotatedAt: now, lastSeenAt: now }
      const [login] = await db.update(sessions).set(next).where(isCurrent).returning()
      return login ?? null
    },
    /** The call that revoked this login was acknowledged: it cannot be repeated any more. */
    async clearPending(sid: string) {
      await db.update(sessions).set({ revocationPending: false }).where(eq(id, sid))
    },
    /** Up to `limit` logins that were revoked after `since`, or then and with a higher id than `sid`; oldest first. */
    async revokedSince(since: Date, sid: string, limit: number): Promise<RevokedSession[]> {
      // From one place of the index on: by AND and OR each page would read all rows of the same moment again.
      const isLater = sql`(${revokedAt}, ${id}) > (${sql.param(since, revokedAt)}, ${sql.param(sid, id)})`
      return told().where(isLater).orderBy(asc(revokedAt), asc(id)).limit(limit)
    },
    /** How many logins of a kind were revoked after `since`. */
    countRevoked: (of: Session['kind'], since: Date) => db.$count(sessions, and(eq(kind, of), gt(revokedAt, since))),
    /** The longest life that an access token of any login was given, in seconds. */
    async longestAccessTtl() {
      const [found] = await db.select({ accessTtl }).from(sessions).orderBy(desc(accessTtl)).limit(1)
      return found?.accessTtl ?? 0
    }
  }
}
