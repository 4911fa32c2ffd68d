import { randomUUIDv7 } from 'node:crypto'
import type { NamedSteps } from '../../plugins/identity/auth/insert-session.ts'
import type { LoginMethod } from '../../plugins/identity/auth/login-methods.ts'
import { NO_PASSWORD } from '../../plugins/identity/users/passwords.ts'
import { and, asc, eq, exists, inArray, ne } from '../../plugins/platform/db/drizzle.ts'
import type { Database, Tables } from '../../plugins/platform/db/types.ts'

export type Identity = Tables['identities']['$inferSelect']
/** An account of a provider: its name in OIDC_PROVIDERS, and who it is. */
export type Subject = Pick<Identity, 'provider' | 'issuer' | 'subject'>
export type Identities = ReturnType<typeof createIdentities>

/** All SQL that touches identities. Those of other than the configured `providers` cannot log in. */
export function createIdentities(db: Database, { identities, users }: Tables, providers: readonly string[]) {
  const isOwn = (userId: string, id: string) => and(eq(identities.userId, userId), eq(identities.id, id))
  const ofUser = (userId: string) => eq(identities.userId, userId)

  return {
    list: (userId: string) =>
      db.select().from(identities).where(ofUser(userId)).orderBy(asc(identities.createdAt), asc(identities.id)),
    count: (userId: string) => db.$count(identities, ofUser(userId)),
    /** Whom this account of a provider logs in, or null. */
    async find({ issuer, subject }: Pick<Subject, 'issuer' | 'subject'>): Promise<Identity | null> {
      const isIt = and(eq(identities.issuer, issuer), eq(identities.subject, subject))
      const [found] = await db.select().from(identities).where(isIt)
      return found ?? null
    },
    /** A new row, and the steps that store it; they fail if this account of the provider is linked to anybody. */
    link(userId: string, { provider, issuer, subject }: Subject, now: Date) {
      const row: Identity = {
        ...{ id: randomUUIDv7(), userId, provider, issuer, subject },
        ...{ createdAt: now, lastUsedAt: null }
      }
      const steps: NamedSteps = {
        identity: (tx) => tx.insert(identities).values(row).onConflictDoNothing().returning()
      }
      return { row, steps }
    },
    /** Stores the use of an identity, unless it was removed. */
    use: ({ id }: Identity, now: Date): NamedSteps => ({
      identity: (tx) => tx.update(identities).set({ lastUsedAt: now }).where(eq(identities.id, id)).returning()
    }),
    /** Identities as ways to log in, of which one stays. */
    loginMethod: {
      listUsable: (userId) => (tx) => {
        const isUsable = and(ofUser(userId), inArray(identities.provider, [...providers]))
        return tx.select({ id: identities.id }).from(identities).where(isUsable)
      },
      find: (userId, id) => (tx) => tx.select({ id: identities.id }).from(identities).where(isOwn(userId, id)),
      remove: (userId, id) => (tx) => tx.delete(identities).where(isOwn(userId, id)).returning()
    } satisfies LoginMethod,
    /** Removes all identities of a user who has a password: for another one, they are what the password is for the others. */
    removal: (userId: string): NamedSteps => ({
      identities(tx) {
        const hasPassword = and(eq(users.id, userId), ne(users.passwordHash, NO_PASSWORD))
        const owner = tx.select({ id: users.id }).from(users).where(hasPassword)
        return tx
          .delete(identities)
          .where(and(ofUser(userId), exists(owner)))
          .returning()
      }
    })
  }
}
