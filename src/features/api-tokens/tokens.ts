import { randomUUIDv7 } from 'node:crypto'
import type { NamedSteps } from '../../plugins/identity/auth/insert-session.ts'
import { hashSecret } from '../../plugins/identity/tickets/codes.ts'
import { and, asc, eq, gt, inArray, isNull, lt, lte, or, sql } from '../../plugins/platform/db/drizzle.ts'
import type { Database, PrepareOne, RunTransaction, Tables } from '../../plugins/platform/db/types.ts'
import { TokenNotFound, TooManyTokens } from './errors.ts'
import { newToken } from './secret.ts'

export type ApiTokens = ReturnType<typeof createApiTokens>
type NewToken = { name: string; abilities: string[]; expiresAt: Date }

const MAX_PER_USER = 100
const BATCH = 200
/** Expired tokens are kept for a day, so that they are refused as expired rather than unknown. */
const KEPT_MS = 24 * 3_600_000

/** All SQL that touches API tokens. */
export function createApiTokens(
  db: Database,
  { apiTokens, users, sessions }: Tables,
  { transaction, prepareOne }: { transaction: RunTransaction; prepareOne: PrepareOne }
) {
  const { id, userId, secretHash, name, abilities, createdAt, expiresAt, lastUsedAt } = apiTokens
  const shown = { id, name, abilities, createdAt, expiresAt, lastUsedAt }
  const checked = db.select({ id, userId, abilities, expiresAt, lastUsedAt }).from(apiTokens)
  const bySecret = prepareOne(checked.where(eq(secretHash, sql.placeholder('hash'))), 'api_token_by_secret')
  const isLive = (owner: string, now: Date) => and(eq(userId, owner), gt(expiresAt, now))
  const toView = <T extends { abilities: string }>(row: T) => ({ ...row, abilities: row.abilities.split(' ') })

  return {
    /** The token with this text, also an expired one, or null. */
    find: (token: string) => bySecret({ hash: hashSecret(token) }),
    list: async (owner: string, now: Date) =>
      (await db.select(shown).from(apiTokens).where(isLive(owner, now)).orderBy(asc(createdAt), asc(id))).map(toView),
    count: (owner: string) => db.$count(apiTokens, isLive(owner, new Date())),
    /**
     * Makes a token; only the reply has its text. Null: the session of the owner has ended, perhaps with all access of the user, since
     * the guard looked. Throws TOO_MANY_TOKENS.
     */
    async create(owner: { userId: string; sid: string }, given: NewToken, now: Date) {
      const token = newToken()
      const row = {
        ...given,
        id: randomUUIDv7(),
        userId: owner.userId,
        createdAt: now,
        abilities: given.abilities.join(' ')
      }
      const rows = await transaction({
        preconditions: {
          // A password reset and a ban hold the same lock: they find this token, or it finds its session revoked.
          user: (tx) => tx.lock(tx.select({ id: users.id }).from(users).where(eq(users.id, owner.userId))),
          session: (tx) =>
            tx
              .select({ id: sessions.id })
              .from(sessions)
              .where(and(eq(sessions.id, owner.sid), isNull(sessions.revokedAt)))
        },
        steps: {
          others: (tx) => tx.select({ id }).from(apiTokens).where(isLive(owner.userId, now)).limit(MAX_PER_USER),
          made: (tx, { others = [] }) =>
            others.length === MAX_PER_USER
              ? null
              : tx
                  .insert(apiTokens)
                  .values({ ...row, secretHash: hashSecret(token) })
                  .returning(shown)
        }
      })
      if (rows === null) return null
      const [made] = rows.made
      if (!made) throw new TooManyTokens()
      return { token, ...toView(made) }
    },
    /** Remembers the use of a token that was not used since `cutoff`. */
    touch: (tokenId: string, cutoff: Date, now: Date) =>
      db
        .update(apiTokens)
        .set({ lastUsedAt: now })
        .where(and(eq(id, tokenId), or(isNull(lastUsedAt), lte(lastUsedAt, cutoff)))),
    /** Throws TOKEN_NOT_FOUND. */
    async remove(owner: string, tokenId: string) {
      const isIt = and(eq(userId, owner), eq(id, tokenId))
      const removed = await db.delete(apiTokens).where(isIt).returning({ id })
      if (removed.length === 0) throw new TokenNotFound()
    },
    /** Removes all tokens of a user. */
    removal: (owner: string): NamedSteps => ({
      apiTokens: (tx) => tx.delete(apiTokens).where(eq(userId, owner)).returning({ id })
    }),
    /** Deletes a batch of tokens that expired more than a day ago. Returns whether there may be more. */
    async deleteExpired(now: Date) {
      const cutoff = new Date(now.getTime() - KEPT_MS)
      const rows = await transaction({
        steps: {
          deleted: (tx) => {
            const expired = tx.select({ id }).from(apiTokens).where(lt(expiresAt, cutoff))
            const batch = expired.orderBy(expiresAt).limit(BATCH)
            return tx.delete(apiTokens).where(inArray(id, batch)).returning({ id })
          }
        },
        skipIfLocked: true
      })
      return rows?.deleted.length === BATCH
    }
  }
}
