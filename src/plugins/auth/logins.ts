import { randomUUIDv7 } from 'node:crypto'
import { and, asc, eq, gt, isNull, lte, or, sql } from '../db/drizzle.ts'
import type { Atomically, Database, Login, Tables, User } from '../db/types.ts'

/** What a strategy knows of a new login; lives in seconds. */
export type NewLogin = Pick<Login, 'kind' | 'secretHash' | 'remember' | 'ip' | 'userAgent'> & {
  idleTtl: number
  maxAge: number
}
export type Logins = ReturnType<typeof createLogins>

/** Without `remember` a login idles out after half a day at most. */
const FORGOTTEN_AFTER = 12 * 3600

/** When a login ends if it is not used again; never after its absolute end. `idleTtl` in seconds. */
export function idleEnd(login: Pick<Login, 'remember' | 'absoluteExpiresAt'>, idleTtl: number, now: Date) {
  const seconds = login.remember ? idleTtl : Math.min(idleTtl, FORGOTTEN_AFTER)
  return new Date(Math.min(now.getTime() + seconds * 1000, login.absoluteExpiresAt.getTime()))
}

/** All SQL that touches logins, the rows of `sessions`. */
export function createLogins(db: Database, { sessions, users }: Tables, atomically: Atomically) {
  const byId = db
    .select()
    .from(sessions)
    .where(eq(sessions.id, sql.placeholder('sid')))
    .prepare('login_by_id')
  const bySecret = db
    .select()
    .from(sessions)
    .where(eq(sessions.secretHash, sql.placeholder('hash')))
    .prepare('login_by_secret')

  return {
    /** The login as stored, revoked and expired ones too, or null. */
    async find(sid: string) {
      const [login] = await byId.execute({ sid })
      return login ?? null
    },
    /** The same by the SHA-256 of the secret in a cookie. */
    async findBySecret(hash: string) {
      const [login] = await bySecret.execute({ hash })
      return login ?? null
    },
    /** Null where the user is gone or has another password hash than the one that was verified. */
    async create(user: User, { idleTtl, maxAge, ...login }: NewLogin, now: Date) {
      const absoluteExpiresAt = new Date(now.getTime() + maxAge * 1000)
      const expiresAt = idleEnd({ ...login, absoluteExpiresAt }, idleTtl, now)
      const seen = { createdAt: now, lastSeenAt: now, authenticatedAt: now, rotatedAt: now }
      const row = {
        id: randomUUIDv7(),
        userId: user.id,
        generation: 0,
        ...login,
        ...seen,
        expiresAt,
        absoluteExpiresAt
      }
      const isUnchanged = and(eq(users.id, user.id), eq(users.passwordHash, user.passwordHash))
      const created = await atomically(
        (tx, lock) => lock(tx.select({ id: users.id }).from(users).where(isUnchanged)),
        (tx) => tx.insert(sessions).values(row).returning()
      )
      return created?.[0] ?? null
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
    /** Marks a login as revoked, once; gives it also if it was before, or null. Others have to be told: see revocations. */
    async markRevoked(sid: string, revokedReason: Login['revokedReason'], now: Date) {
      const isLive = and(eq(sessions.id, sid), isNull(sessions.revokedAt))
      const [login] = await db.update(sessions).set({ revokedAt: now, revokedReason }).where(isLive).returning()
      return login ?? this.find(sid)
    },
    /** Remembers whether somebody is still to be told of a revocation. */
    async setPending(sid: string, revocationPending: boolean) {
      await db.update(sessions).set({ revocationPending }).where(eq(sessions.id, sid))
    },
    /** Up to `limit` logins that were revoked after `since`, or then and with a higher id than `sid`; oldest first. */
    async revokedSince(since: Date, sid: string, limit: number) {
      const isLater = or(gt(sessions.revokedAt, since), and(eq(sessions.revokedAt, since), gt(sessions.id, sid)))
      return db.select().from(sessions).where(isLater).orderBy(asc(sessions.revokedAt), asc(sessions.id)).limit(limit)
    }
  }
}
