import { randomUUIDv7 } from 'node:crypto'
import type { Audit, EventSource } from '../../platform/audit/audit.ts'
import { and, eq, isNull, ne, notExists, notInArray } from '../../platform/db/drizzle.ts'
import type { RunTransaction, Tables, Transaction } from '../../platform/db/types.ts'
import { createEndedEvents } from './ended.ts'
import type { Endings } from './endings.ts'
import { idleEnd } from './sessions.ts'
import type { NewSession } from './strategy.ts'
import type { Surplus } from './surplus.ts'
import type { Session } from './tables.ts'

/** What a new login has beside; `maxAge` in seconds. */
export type FirstSession = NewSession & Pick<Session, 'kind' | 'remember'> & { maxAge: number }
/** What else its transaction does: `replaced` is the login whose place it takes, `limit` how many the user may have. */
type Events = Tables['auditEvents']['$inferSelect'][]
export type WithLogin = { source: EventSource; replaced: string | null; limit: number; toEvents(sid: string): Events }
/** The user whose password was verified: everything here holds only for this hash. */
type Verified = Pick<Tables['users']['$inferSelect'], 'id' | 'passwordHash'>
export type Transactions = ReturnType<typeof createTransactions>

/** Changes that make a login, and hold only while its user is what it was a moment ago, each as one transaction. */
export function createTransactions(
  transaction: RunTransaction,
  tables: Tables,
  audit: Audit,
  { end, endOldest }: Pick<Endings & Surplus, 'end' | 'endOldest'>
) {
  const { sessions, users } = tables
  const ended = createEndedEvents(audit, tables)
  const isUnchanged = (user: Verified) => and(eq(users.id, user.id), eq(users.passwordHash, user.passwordHash))
  const isUnrevoked = (sid: string) => and(eq(sessions.id, sid), isNull(sessions.revokedAt))
  const lockUnchanged = (user: Verified) => (tx: Transaction) =>
    tx.lock(tx.select({ id: users.id }).from(users).where(isUnchanged(user)))

  function toRow(
    { idleTtl, ...carrier }: NewSession,
    kept: Pick<Session, 'userId' | 'kind' | 'remember' | 'createdAt' | 'absoluteExpiresAt'>,
    now: Date
  ) {
    const seen = { lastSeenAt: now, authenticatedAt: now, rotatedAt: now, expiresAt: idleEnd(kept, idleTtl, now) }
    return { id: randomUUIDv7(), generation: 0, ...carrier, ...kept, ...seen }
  }

  /** The login in place of an old one: with the old one's beginning and absolute end, nothing else of it (ASVS 5.0, 7.2.4). */
  function toSuccessor(old: Session, carrier: NewSession, now: Date) {
    const { userId, kind, remember, createdAt, absoluteExpiresAt } = old
    return toRow(carrier, { userId, kind, remember, createdAt, absoluteExpiresAt }, now)
  }

  return {
    /**
     * A new login with its events; the one that it replaces ends, and those beyond the limit do. Null where the user is gone or
     * has another hash than the one that was verified.
     */
    async create(user: Verified, { kind, remember, maxAge, ...carrier }: FirstSession, now: Date, others: WithLogin) {
      const absoluteExpiresAt = new Date(now.getTime() + maxAge * 1000)
      const row = toRow(carrier, { userId: user.id, kind, remember, createdAt: now, absoluteExpiresAt }, now)
      const { source, replaced, limit, toEvents } = others
      const rows = await transaction({
        preconditions: { user: lockUnchanged(user) },
        steps: {
          session: (tx) => tx.insert(sessions).values(row).returning(),
          replaced: (tx) => (replaced === null ? null : end(isUnrevoked(replaced), 'replaced', now)(tx)),
          surplus: endOldest(user.id, limit - 1, now, row.id),
          events: ended.store(source, ['replaced', 'surplus'], toEvents(row.id))
        }
      })
      const [login] = rows?.session ?? []
      if (!rows || !login) return null
      ended.log(source, [...rows.replaced, ...rows.surplus])
      return { login, ended: rows.replaced, surplus: rows.surplus }
    },
    /** Renews a login; null where it was revoked meanwhile, or the user changed. */
    async renew(user: Verified, old: Session, carrier: NewSession, now: Date) {
      const successor = toSuccessor(old, carrier, now)
      const rows = await transaction({
        preconditions: { user: lockUnchanged(user), renewed: end(isUnrevoked(old.id), 'renewed', now) },
        steps: { session: (tx) => tx.insert(sessions).values(successor).returning() }
      })
      const [login] = rows?.session ?? []
      return rows && login ? { login, ended: rows.renewed } : null
    },
    /** Sets another password, renews this login and revokes the others. Null as above, and where there are more than `known`. */
    async changePassword(
      source: EventSource,
      user: Verified,
      passwordHash: string,
      { old, known }: { old: Session; known: string[] },
      carrier: NewSession,
      now: Date
    ) {
      const successor = toSuccessor(old, carrier, now)
      const unrevoked = and(eq(sessions.userId, user.id), isNull(sessions.revokedAt))
      const isUnknown = and(unrevoked, notInArray(sessions.id, known))
      const rows = await transaction({
        preconditions: {
          user: (tx) => tx.update(users).set({ passwordHash, updatedAt: now }).where(isUnchanged(user)).returning(),
          allKnown: (tx) => {
            const unknown = tx.select().from(sessions).where(isUnknown)
            const all = tx.select({ id: users.id }).from(users)
            return all.where(and(eq(users.id, user.id), notExists(unknown)))
          },
          renewed: end(isUnrevoked(old.id), 'renewed', now)
        },
        steps: {
          session: (tx) => tx.insert(sessions).values(successor).returning(),
          others: end(and(unrevoked, ne(sessions.id, successor.id)), 'password', now),
          events: ended.store(source, ['others'])
        }
      })
      const [login] = rows?.session ?? []
      if (rows) ended.log(source, rows.others)
      return rows && login ? { login, ended: [...rows.renewed, ...rows.others] } : null
    }
  }
}
