import { and, asc, desc, eq, gt, gte, inArray, isNull, lte, ne, or, sql } from '../db/drizzle.ts'
import type { Atomically, Database, Login, PrepareFirst, RevokedReason, Tables } from '../db/types.ts'

export type Logins = ReturnType<typeof createLogins>
/** What the check of a cookie takes of a login. */
export type SessionLogin = NonNullable<Awaited<ReturnType<Logins['findBySecret']>>>

/** Without `remember` a login idles out after half a day at most. */
const FORGOTTEN_AFTER = 12 * 3600

/** The same of a whole login. */
export function toSessionLogin(login: SessionLogin): SessionLogin {
  const { id, userId, kind, secretHash, remember, lastSeenAt, authenticatedAt } = login
  const { expiresAt, absoluteExpiresAt, revokedAt, revokedReason } = login
  const ends = { expiresAt, absoluteExpiresAt, revokedAt, revokedReason }
  return { id, userId, kind, secretHash, remember, lastSeenAt, authenticatedAt, ...ends }
}

/** When a login ends if it is not used again; never after its absolute end. `idleTtl` in seconds. */
export function idleEnd(login: Pick<Login, 'remember' | 'absoluteExpiresAt'>, idleTtl: number, now: Date) {
  const seconds = login.remember ? idleTtl : Math.min(idleTtl, FORGOTTEN_AFTER)
  return new Date(Math.min(now.getTime() + seconds * 1000, login.absoluteExpiresAt.getTime()))
}

/** Neither revoked nor past one of its ends. */
export function isLive(login: Pick<Login, 'revokedAt' | 'expiresAt' | 'absoluteExpiresAt'>, now: Date) {
  return login.revokedAt === null && login.expiresAt > now && login.absoluteExpiresAt > now
}

/** All SQL that touches logins alone, the rows of `sessions`; see transactions.ts for what concerns their user too. */
export function createLogins(
  db: Database,
  { sessions, users }: Tables,
  prepareFirst: PrepareFirst,
  atomically: Atomically
) {
  const whole = db.select().from(sessions)
  const byId = prepareFirst(whole.where(eq(sessions.id, sql.placeholder('sid'))), 'login_by_id')
  // Each column that is read costs every request.
  const { id, userId, kind, secretHash, remember, lastSeenAt, authenticatedAt, expiresAt } = sessions
  const { absoluteExpiresAt, revokedAt, revokedReason } = sessions
  const ends = { expiresAt, absoluteExpiresAt, revokedAt, revokedReason }
  const checked = db.select({ id, userId, kind, secretHash, remember, lastSeenAt, authenticatedAt, ...ends })
  const isSecret = eq(secretHash, sql.placeholder('hash'))
  const bySecret = prepareFirst(checked.from(sessions).where(isSecret), 'login_by_secret')

  return {
    /** The login as stored, revoked and expired ones too, or null. */
    find: (sid: string) => byId({ sid }),
    /** The same by the SHA-256 of the secret in a cookie, as far as its check needs it. */
    findBySecret: (hash: string) => bySecret({ hash }),
    /** The live logins of a user, the one used last first. */
    async listLive(userId: string, now: Date) {
      const alive = and(eq(sessions.userId, userId), isNull(sessions.revokedAt), gt(sessions.expiresAt, now))
      return db.select().from(sessions).where(alive).orderBy(desc(sessions.lastSeenAt), desc(sessions.id))
    },
    /** Up to `limit` users who have a login from before `now` that lives. */
    async listLoggedIn(now: Date, limit: number) {
      const alive = and(isNull(sessions.revokedAt), gt(sessions.expiresAt, now), lte(sessions.createdAt, now))
      return db.selectDistinct({ userId: sessions.userId }).from(sessions).where(alive).limit(limit)
    },
    /** Slides the idle end of a login that was not seen since `cutoff`. Null: revoked, or another request was first. */
    async touch(sid: string, expiresAt: Date, cutoff: Date, now: Date) {
      const isDue = and(eq(sessions.id, sid), isNull(sessions.revokedAt), lte(sessions.lastSeenAt, cutoff))
      const [login] = await db.update(sessions).set({ lastSeenAt: now, expiresAt }).where(isDue).returning()
      return login ?? null
    },
    /** Moves a token login to its next generation. Null: revoked, or another request was first (RFC 9700, 4.14.2). */
    async rotate(sid: string, generation: number, expiresAt: Date, now: Date) {
      const isCurrent = and(eq(sessions.id, sid), eq(sessions.generation, generation), isNull(sessions.revokedAt))
      const next = { generation: generation + 1, rotatedAt: now, lastSeenAt: now, expiresAt }
      const [login] = await db.update(sessions).set(next).where(isCurrent).returning()
      return login ?? null
    },
    /** Marks a login as revoked; null where it was before, or is not there. Others have to be told: see revocations. */
    async markRevoked(sid: string, revokedReason: RevokedReason, now: Date) {
      const isUnrevoked = and(eq(sessions.id, sid), isNull(sessions.revokedAt))
      const [login] = await db.update(sessions).set({ revokedAt: now, revokedReason }).where(isUnrevoked).returning()
      return login ?? null
    },
    /** The same for all logins of a user but `except`; gives those that were not revoked before. */
    async markAllRevoked(userId: string, revokedReason: RevokedReason, now: Date, except?: string) {
      const others = except === undefined ? undefined : ne(sessions.id, except)
      const unrevoked = and(eq(sessions.userId, userId), isNull(sessions.revokedAt), others)
      const rows = await atomically(
        // A password change locks the same rows, in another order: they wait here for each other.
        [(tx, lock) => lock(tx.select({ id: users.id }).from(users).where(eq(users.id, userId)))],
        [(tx) => tx.update(sessions).set({ revokedAt: now, revokedReason }).where(unrevoked).returning()]
      )
      return rows?.[1] ?? []
    },
    /** Remembers whether somebody is still to be told of revocations. */
    async setPending(sids: string[], revocationPending: boolean) {
      if (sids.length > 0) await db.update(sessions).set({ revocationPending }).where(inArray(sessions.id, sids))
    },
    /** The revoked logins of a user of which somebody is still to be told. */
    async listPending(userId: string) {
      const isPending = and(eq(sessions.userId, userId), eq(sessions.revocationPending, true))
      return db.select().from(sessions).where(isPending)
    },
    /** Up to `limit` logins that were revoked after `since`, or then and with a higher id than `sid`; oldest first. */
    async revokedSince(since: Date, sid: string, limit: number) {
      // From one place of the index on: an OR at the top would make each page read and sort all rows that are left.
      const isLater = and(gte(sessions.revokedAt, since), or(gt(sessions.revokedAt, since), gt(sessions.id, sid)))
      return db.select().from(sessions).where(isLater).orderBy(asc(sessions.revokedAt), asc(sessions.id)).limit(limit)
    },
    /** How many logins of a kind were revoked after `since`. */
    countRevoked: (kind: Login['kind'], since: Date) =>
      db.$count(sessions, and(eq(sessions.kind, kind), gt(sessions.revokedAt, since)))
  }
}
