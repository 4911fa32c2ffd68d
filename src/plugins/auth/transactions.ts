import { randomUUIDv7 } from 'node:crypto'
import { and, eq, isNull, ne } from '../db/drizzle.ts'
import type { Atomically, AuditEvent, Login, Tables, User } from '../db/types.ts'
import { idleEnd } from './logins.ts'

/** What the client that gets a login tells of itself, and the hash of what it will hold; `idleTtl` in seconds. */
export type Carrier = Pick<Login, 'secretHash' | 'ip' | 'userAgent'> &
  Partial<Pick<Login, 'refreshInCookie'>> & { idleTtl: number }
/** What a new login has beside; `maxAge` in seconds. */
export type NewLogin = Carrier & Pick<Login, 'kind' | 'remember'> & { maxAge: number }
/** The user whose password was verified: everything here holds only for this hash. */
type Verified = Pick<User, 'id' | 'passwordHash'>
export type Transactions = ReturnType<typeof createTransactions>

/** Changes of logins that hold only while their user is what it was a moment ago, each as one transaction. */
export function createTransactions(atomically: Atomically, { sessions, users, auditEvents }: Tables) {
  const isUnchanged = (user: Verified) => and(eq(users.id, user.id), eq(users.passwordHash, user.passwordHash))
  const isUnrevoked = (sid: string) => and(eq(sessions.id, sid), isNull(sessions.revokedAt))

  function toRow(
    { idleTtl, ...carrier }: Carrier,
    kept: Pick<Login, 'userId' | 'kind' | 'remember' | 'createdAt' | 'absoluteExpiresAt'>,
    now: Date
  ) {
    const seen = { lastSeenAt: now, authenticatedAt: now, rotatedAt: now, expiresAt: idleEnd(kept, idleTtl, now) }
    return { id: randomUUIDv7(), generation: 0, ...carrier, ...kept, ...seen }
  }

  /** The login in place of an old one: with the old one's beginning and absolute end, nothing else of it (ASVS 5.0, 7.2.4). */
  function toSuccessor({ userId, kind, remember, createdAt, absoluteExpiresAt }: Login, carrier: Carrier, now: Date) {
    return toRow(carrier, { userId, kind, remember, createdAt, absoluteExpiresAt }, now)
  }

  return {
    /** A new login, stored with its events; null where the user is gone or has another hash than the one that was verified. */
    async create(
      user: Verified,
      { kind, remember, maxAge, ...carrier }: NewLogin,
      now: Date,
      toEvents: (sid: string) => AuditEvent[] = () => []
    ) {
      const absoluteExpiresAt = new Date(now.getTime() + maxAge * 1000)
      const row = toRow(carrier, { userId: user.id, kind, remember, createdAt: now, absoluteExpiresAt }, now)
      const events = toEvents(row.id)
      const rows = await atomically(
        [(tx, lock) => lock(tx.select({ id: users.id }).from(users).where(isUnchanged(user)))],
        [
          (tx) => tx.insert(sessions).values(row).returning(),
          (tx) => (events.length === 0 ? null : tx.insert(auditEvents).values(events).returning({ id: auditEvents.id }))
        ]
      )
      return rows?.[1][0] ?? null
    },
    /** Renews a login; null where it was revoked meanwhile, or the user changed. Gives the new one and what was revoked. */
    async renew(user: Verified, old: Login, carrier: Carrier, now: Date) {
      const revoked = { revokedAt: now, revokedReason: 'renewed' as const }
      const rows = await atomically(
        [
          (tx, lock) => lock(tx.select({ id: users.id }).from(users).where(isUnchanged(user))),
          (tx) => tx.update(sessions).set(revoked).where(isUnrevoked(old.id)).returning()
        ],
        [
          (tx) =>
            tx
              .insert(sessions)
              .values(toSuccessor(old, carrier, now))
              .returning()
        ]
      )
      const [login] = rows?.[2] ?? []
      return rows && login ? { login, ended: rows[1] } : null
    },
    /** Sets another password, renews this login and revokes every other one of the user; null as above. */
    async changePassword(user: Verified, passwordHash: string, old: Login, carrier: Carrier, now: Date) {
      const successor = toSuccessor(old, carrier, now)
      const others = and(eq(sessions.userId, user.id), isNull(sessions.revokedAt), ne(sessions.id, successor.id))
      const rows = await atomically(
        [
          (tx) => tx.update(users).set({ passwordHash, updatedAt: now }).where(isUnchanged(user)).returning(),
          (tx) =>
            tx.update(sessions).set({ revokedAt: now, revokedReason: 'renewed' }).where(isUnrevoked(old.id)).returning()
        ],
        [
          (tx) => tx.insert(sessions).values(successor).returning(),
          (tx) => tx.update(sessions).set({ revokedAt: now, revokedReason: 'password' }).where(others).returning()
        ]
      )
      const [login] = rows?.[2] ?? []
      return rows && login ? { login, ended: [...rows[1], ...rows[3]] } : null
    },
    /** Sets a password without the old one and revokes every login of the user; null where there is none. */
    async resetPassword(userId: string, passwordHash: string, now: Date) {
      const unrevoked = and(eq(sessions.userId, userId), isNull(sessions.revokedAt))
      const rows = await atomically(
        [(tx) => tx.update(users).set({ passwordHash, updatedAt: now }).where(eq(users.id, userId)).returning()],
        [(tx) => tx.update(sessions).set({ revokedAt: now, revokedReason: 'password' }).where(unrevoked).returning()]
      )
      return rows && { ended: rows[1] }
    },
    /** Deletes a user and revokes their logins, whose rows stay until no token of them can be alive; null: no such user. */
    async deleteUser(userId: string, now: Date) {
      const unrevoked = and(eq(sessions.userId, userId), isNull(sessions.revokedAt))
      const rows = await atomically(
        [(tx) => tx.delete(users).where(eq(users.id, userId)).returning()],
        [(tx) => tx.update(sessions).set({ revokedAt: now, revokedReason: 'deletion' }).where(unrevoked).returning()]
      )
      return rows && { ended: rows[1] }
    }
  }
}
