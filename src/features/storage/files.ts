import { randomUUIDv7 } from 'node:crypto'
import { and, desc, eq, isNotNull, lt, sql } from '../../plugins/platform/db/drizzle.ts'
import { isUuid } from '../../plugins/platform/db/ids.ts'
import type { Database, RunTransaction, Tables } from '../../plugins/platform/db/types.ts'
import { createConditions } from './conditions.ts'
import { QuotaExceeded } from './errors.ts'
import type { NewFile } from './schemas.ts'
import type { StoredFile } from './tables.ts'

export type Files = ReturnType<typeof createFiles>
/** `quota` is in bytes; `uploadTtlMs` is how long a new file waits for its content. */
type Limits = { quota: number; uploadTtlMs: number }

/** The files of users. Every call but `findStored` names the owner, so no user can reach the files of another. */
export function createFiles(db: Database, tables: Tables, transaction: RunTransaction, limits: Limits) {
  const { files, users } = tables
  const { isOwn, isLive } = createConditions(tables)
  const isStored = and(eq(files.state, 'stored'), isNotNull(files.userId))
  const used = sql<number | string>`coalesce(sum(${files.size}), 0)`

  return {
    /** Returns null if the owner was deleted in the meantime. Throws QUOTA_EXCEEDED. */
    async create(userId: string, { name, size, sha256 }: NewFile, now: Date): Promise<StoredFile | null> {
      const row = { id: randomUUIDv7(), userId, name, size, sha256: sha256 ?? null, state: 'pending' as const }
      const sweepAt = new Date(now.getTime() + limits.uploadTtlMs)
      const rows = await transaction({
        preconditions: {
          // Of several requests at once, each counts the files of those before it.
          user: (tx) => tx.lock(tx.select({ id: users.id }).from(users).where(eq(users.id, userId)))
        },
        steps: {
          sum: (tx) =>
            tx
              .select({ used })
              .from(files)
              .where(and(eq(files.userId, userId), isLive(now))),
          created: (tx, { sum }) => {
            const [before] = sum as { used: number | string }[]
            if (Number(before?.used) + size > limits.quota) return null
            const values = { ...row, attempt: 0, sweepAt, createdAt: now }
            return tx.insert(files).values(values).returning()
          }
        }
      })
      if (rows === null) return null
      const [created] = rows.created
      if (!created) throw new QuotaExceeded()
      return created
    },
    /** Newest first, starting after the file `cursor` if given. Reads one more than `limit` to see whether another page follows. */
    async list(userId: string, limit: number, cursor: string | undefined, now: Date) {
      const before = cursor === undefined ? undefined : lt(files.id, cursor)
      const found = await db
        .select()
        .from(files)
        .where(and(eq(files.userId, userId), isLive(now), before))
        .orderBy(desc(files.id))
        .limit(limit + 1)
      const page = found.slice(0, limit)
      return { files: page, nextCursor: found.length > limit ? (page.at(-1)?.id ?? null) : null }
    },
    async find(userId: string, id: string, now: Date): Promise<StoredFile | null> {
      if (!isUuid(id)) return null
      const [file] = await db
        .select()
        .from(files)
        .where(and(isOwn(userId, id), isLive(now)))
      return file ?? null
    },
    /** A file of any user, with all of its content. */
    async findStored(id: string): Promise<StoredFile | null> {
      if (!isUuid(id)) return null
      const [file] = await db
        .select()
        .from(files)
        .where(and(eq(files.id, id), isStored))
      return file ?? null
    },
    /** Whether any user has a stored file. */
    async isUsed() {
      return (await db.select({ id: files.id }).from(files).where(isStored).limit(1)).length > 0
    },
    /** Deletes a file. Its bytes follow with the next cleanup. False: there is no such file. */
    async remove(userId: string, id: string, now: Date) {
      if (!isUuid(id)) return false
      const changes = { userId: null, state: 'deleted' as const, sweepAt: now }
      const isThere = and(isOwn(userId, id), isLive(now))
      return (await db.update(files).set(changes).where(isThere).returning()).length > 0
    }
  }
}
