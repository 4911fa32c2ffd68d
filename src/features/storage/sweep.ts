import { and, asc, eq, inArray, isNull, lte, or } from '../../plugins/platform/db/drizzle.ts'
import type { Database, Tables } from '../../plugins/platform/db/types.ts'
import { keyOf, type Store } from './store.ts'
import type { StoredFile } from './tables.ts'

const BATCH = 100
const later = (time: Date, ms: number) => new Date(time.getTime() + ms)

/**
 * Removes the bytes of files that were deleted, or whose upload never ended, and what failed attempts left of stored ones. A row
 * goes last, and only after its bytes were removed twice, one UPLOAD_TTL apart: an upload that was cut off may still arrive.
 * Returns whether there may be more.
 */
export function createSweep(db: Database, { files }: Pick<Tables, 'files'>, store: Store, uploadTtlMs: number) {
  const isUnfinished = inArray(files.state, ['pending', 'uploading'])

  /** Deleting a user only takes the owner away. */
  async function markDeleted(now: Date) {
    const isOrphan = and(isNull(files.userId), or(isUnfinished, eq(files.state, 'stored')))
    const isExpired = and(isUnfinished, lte(files.sweepAt, now))
    await db.update(files).set({ state: 'deleted', sweepAt: now }).where(or(isOrphan, isExpired))
  }

  /** A row may have changed since it was read, by another replica. */
  const isStill = ({ id, state }: StoredFile) => and(eq(files.id, id), eq(files.state, state))

  async function sweep(file: StoredFile, now: Date) {
    const isStored = file.state === 'stored'
    for (let attempt = 1; attempt <= file.attempt; attempt++)
      if (!isStored || attempt < file.attempt) await store.remove(keyOf(file.id, attempt))
    if (file.state === 'swept') return void (await db.delete(files).where(isStill(file)))
    const next = isStored ? { sweepAt: null } : { state: 'swept' as const, sweepAt: later(now, uploadTtlMs) }
    await db.update(files).set(next).where(isStill(file))
  }

  return async function sweepBatch(now: Date) {
    await markDeleted(now)
    const due = await db.select().from(files).where(lte(files.sweepAt, now)).orderBy(asc(files.sweepAt)).limit(BATCH)
    const results = await Promise.allSettled(due.map((file) => sweep(file, now)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
    return due.length === BATCH
  }
}
