import { randomUUIDv7 } from 'node:crypto'
import type { NamedSteps } from '../../plugins/identity/auth/insert-session.ts'
import { hasPassword } from '../../plugins/identity/users/passwords.ts'
import type { User } from '../../plugins/identity/users/tables.ts'
import { and, asc, eq, ne } from '../../plugins/platform/db/drizzle.ts'
import type { Database, RunTransaction, Tables } from '../../plugins/platform/db/types.ts'
import { LastCredential, PasskeyNotFound } from './errors.ts'
import type { NewPasskey, Passkey } from './relying-party.ts'

export type Passkeys = ReturnType<typeof createPasskeys>

/** All SQL that touches passkeys. */
export function createPasskeys(db: Database, { passkeys, users }: Tables, transaction: RunTransaction) {
  const isOwn = (userId: string, id: string) => and(eq(passkeys.userId, userId), eq(passkeys.id, id))

  return {
    list: (userId: string) =>
      db.select().from(passkeys).where(eq(passkeys.userId, userId)).orderBy(asc(passkeys.createdAt), asc(passkeys.id)),
    count: (userId: string) => db.$count(passkeys, eq(passkeys.userId, userId)),
    async findByCredential(credentialId: string): Promise<Passkey | null> {
      const [found] = await db.select().from(passkeys).where(eq(passkeys.credentialId, credentialId))
      return found ?? null
    },
    /** Null: the ticket was used, or the authenticator has registered this passkey before. */
    async add(userId: string, proven: NewPasskey, name: string, take: NamedSteps, now: Date): Promise<Passkey | null> {
      const row = { ...proven, id: randomUUIDv7(), userId, name, createdAt: now, lastUsedAt: null }
      const insert: NamedSteps[string] = (tx) => tx.insert(passkeys).values(row).onConflictDoNothing().returning()
      const rows = await transaction({ preconditions: { ...take, insert } })
      return rows && row
    },
    /** Stores the use of a passkey, unless it was removed, or used since it was read. */
    use: ({ id, counter }: Passkey, newCounter: number, now: Date): NamedSteps => ({
      passkey: (tx) => {
        const isUnchanged = and(eq(passkeys.id, id), eq(passkeys.counter, counter))
        return tx
          .update(passkeys)
          .set({ counter: `${newCounter}`, lastUsedAt: now })
          .where(isUnchanged)
          .returning()
      }
    }),
    /** Throws PASSKEY_NOT_FOUND. */
    async rename(userId: string, id: string, name: string): Promise<Passkey> {
      const [renamed] = await db.update(passkeys).set({ name }).where(isOwn(userId, id)).returning()
      if (!renamed) throw new PasskeyNotFound()
      return renamed
    },
    /** Throws PASSKEY_NOT_FOUND, and LAST_CREDENTIAL: the user has neither a password nor another passkey. */
    async remove(userId: string, id: string) {
      const rows = await transaction({
        preconditions: {
          // Two requests that remove one passkey each must not leave the user without any.
          user: (tx) => tx.lock(tx.select().from(users).where(eq(users.id, userId))),
          found: (tx) => tx.select().from(passkeys).where(isOwn(userId, id))
        },
        steps: {
          others: (tx) =>
            tx
              .select({ id: passkeys.id })
              .from(passkeys)
              .where(and(eq(passkeys.userId, userId), ne(passkeys.id, id)))
              .limit(1),
          removed: (tx, { user, others = [] }) => {
            const [owner] = user as User[]
            const isLast = others.length === 0 && owner && !hasPassword(owner)
            return isLast ? null : tx.delete(passkeys).where(isOwn(userId, id)).returning()
          }
        }
      })
      if (rows === null) throw new PasskeyNotFound()
      if (rows.removed.length === 0) throw new LastCredential()
    },
    /** Removes all passkeys of a user. */
    removal: (userId: string): NamedSteps => ({
      passkeys: (tx) => tx.delete(passkeys).where(eq(passkeys.userId, userId)).returning()
    })
  }
}
