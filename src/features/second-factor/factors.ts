import type { NamedSteps } from '../../plugins/identity/auth/insert-session.ts'
import { and, desc, eq, isNotNull, isNull, lt, notExists, sql } from '../../plugins/platform/db/drizzle.ts'
import type { Database, RunTransaction, Tables } from '../../plugins/platform/db/types.ts'
import { hashRecoveryCode, newRecoveryCodes } from './codes.ts'
import { afterFailure, noFailures, waitMs } from './tries.ts'

export type Factors = ReturnType<typeof createFactors>
type Totp = Tables['totp']['$inferSelect']

/** The authenticators and recovery codes in SQL. Steps are for the transaction that inserts or renews a session. */
export function createFactors(db: Database, { totp, recoveryCodes, users }: Tables, transaction: RunTransaction) {
  const isConfirmed = (userId: string) => and(eq(totp.userId, userId), isNotNull(totp.confirmedAt))

  /** Replaces the recovery codes. Returns the step, and the codes to show. */
  function replaceCodes(userId: string) {
    const codes = newRecoveryCodes()
    const rows = codes.map((code) => ({ hash: hashRecoveryCode(code), userId }))
    const steps: NamedSteps = { recoveryCodes: (tx) => tx.insert(recoveryCodes).values(rows).returning() }
    return { codes, steps }
  }
  const deleteCodes = (userId: string) => (tx: Database) =>
    tx.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId)).returning()

  return {
    /** The authenticator of a user, also one that is not confirmed yet, or null. */
    async find(userId: string): Promise<Totp | null> {
      const [found] = await db.select().from(totp).where(eq(totp.userId, userId))
      return found ?? null
    },
    isEnabled: async (userId: string) => (await db.$count(totp, isConfirmed(userId))) > 0,
    /** The authenticators that were set up last, at most ten. */
    newest: (): Promise<Totp[]> =>
      db.select().from(totp).where(isNotNull(totp.confirmedAt)).orderBy(desc(totp.confirmedAt)).limit(10),
    countCodes: (userId: string) => db.$count(recoveryCodes, eq(recoveryCodes.userId, userId)),
    /** The precondition of a login without a second factor: nobody has set one up in between. */
    withoutFactor: (userId: string): NamedSteps => ({
      withoutFactor: (tx) => {
        const enabled = tx.select({ id: totp.userId }).from(totp).where(isConfirmed(userId))
        const all = tx.select({ id: users.id }).from(users)
        return all.where(and(eq(users.id, userId), notExists(enabled)))
      }
    }),
    /** Stores a secret that is not confirmed yet, in place of an earlier one. False: an authenticator is already set up. */
    async start(userId: string, secret: string, now: Date) {
      const row = { userId, secret, confirmedAt: null, lastStep: 0, ...noFailures(now) }
      const [stored] = await db
        .insert(totp)
        .values(row)
        .onConflictDoUpdate({ target: totp.userId, set: { secret }, setWhere: isNull(totp.confirmedAt) })
        .returning({ userId: totp.userId })
      return stored !== undefined
    },
    /** Confirms this secret, which spends the step of its code, and makes recovery codes. */
    confirm({ userId, secret }: Totp, step: number, now: Date) {
      const { codes, steps } = replaceCodes(userId)
      const isPending = and(eq(totp.userId, userId), eq(totp.secret, secret), isNull(totp.confirmedAt))
      const confirmed: NamedSteps[string] = (tx) =>
        tx.update(totp).set({ confirmedAt: now, lastStep: step }).where(isPending).returning()
      return { codes, steps: { confirmed, ...steps } }
    },
    /** Replaces the recovery codes of a user with an authenticator; null without one. */
    async renewCodes(userId: string) {
      const { codes, steps } = replaceCodes(userId)
      const enabled: NamedSteps[string] = (tx) => tx.lock(tx.select().from(totp).where(isConfirmed(userId)))
      const done = await transaction({ preconditions: { enabled }, steps: { old: deleteCodes(userId), ...steps } })
      return done && codes
    },
    /** Removes the authenticator and the recovery codes, if there are any. */
    removal: (userId: string): NamedSteps => ({
      totp: (tx) => tx.delete(totp).where(eq(totp.userId, userId)).returning(),
      recoveryCodes: deleteCodes(userId)
    }),
    /** Counts a wrong code before it is compared, exactly, for any number of concurrent ones. Null: there is no authenticator. */
    async countTry(userId: string, now: Date): Promise<{ row: Totp; waitMs: number } | null> {
      const rows = await transaction({
        preconditions: { found: (tx) => tx.lock(tx.select().from(totp).where(isConfirmed(userId))) },
        steps: {
          counted: (tx, { found }) => {
            const [row] = found as Totp[]
            if (!row || waitMs(row, now) > 0) return null
            return tx.update(totp).set(afterFailure(row, now)).where(eq(totp.userId, userId)).returning()
          }
        }
      })
      const [found] = rows?.found ?? []
      if (!found) return null
      const [row] = rows?.counted ?? []
      return row ? { row, waitMs: 0 } : { row: found, waitMs: waitMs(found, now) }
    },
    /** Accepts the code of a step, once. `secret` is stored again, encrypted with the first key. */
    acceptCode: (userId: string, step: number, secret: string, now: Date): NamedSteps => ({
      totp: (tx) => {
        const isUnspent = and(isConfirmed(userId), lt(totp.lastStep, step))
        const failuresInHour = sql`${totp.failuresInHour} - 1`
        const changes = { lastStep: step, secret, failures: 0, failuresInHour, nextTryAt: now }
        return tx.update(totp).set(changes).where(isUnspent).returning()
      }
    }),
    /** Accepts a recovery code, once, which also forgets the wrong codes. */
    acceptRecoveryCode: (userId: string, code: string, now: Date): NamedSteps => ({
      recoveryCode: (tx) => {
        const isIt = and(eq(recoveryCodes.userId, userId), eq(recoveryCodes.hash, hashRecoveryCode(code)))
        return tx.delete(recoveryCodes).where(isIt).returning()
      },
      totp: (tx) => tx.update(totp).set(noFailures(now)).where(isConfirmed(userId)).returning()
    }),
    /** Whether this recovery code is the user's. */
    hasCode: async (userId: string, code: string) => {
      const isIt = and(eq(recoveryCodes.userId, userId), eq(recoveryCodes.hash, hashRecoveryCode(code)))
      return (await db.$count(recoveryCodes, isIt)) > 0
    }
  }
}
