import { randomUUIDv7 } from 'node:crypto'
import type { NamedSteps } from '../../plugins/identity/auth/insert-session.ts'
import type { LoginMethod } from '../../plugins/identity/auth/login-methods.ts'
import { and, asc, eq } from '../../plugins/platform/db/drizzle.ts'
import type { Database, RunTransaction, Tables } from '../../plugins/platform/db/types.ts'
import { PasskeyNotFound } from './errors.ts'
import type { NewPasskey, Passkey } from './relying-party.ts'

export type Passkeys = ReturnType<typeof createPasskeys>

/** All SQL that touches passkeys. */
export function createPasskeys(db: Database, { passkeys }: Tables, transaction: RunTransaction) {
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
    /** Passkeys as ways to log in, of which one stays. */
    loginMethod: {
      listUsable: (userId) => (tx) => tx.select({ id: passkeys.id }).from(passkeys).where(eq(passkeys.userId, userId)),
      find: (userId, id) => (tx) => tx.select({ id: passkeys.id }).from(passkeys).where(isOwn(userId, id)),
      remove: (userId, id) => (tx) => tx.delete(passkeys).where(isOwn(userId, id)).returning()
    } satisfies LoginMethod,
    /** Removes all passkeys of a user. */
    removal: (userId: string): NamedSteps => ({
      passkeys: (tx) => tx.delete(passkeys).where(eq(passkeys.userId, userId)).returning()
    })
  }
}
