import { and, eq, inArray } from '../../plugins/platform/db/drizzle.ts'
import { isUuid } from '../../plugins/platform/db/ids.ts'
import type { Database, Tables } from '../../plugins/platform/db/types.ts'
import { createConditions } from './conditions.ts'
import { FileAlreadyStored, FileNotFound, UploadExpired, UploadInProgress } from './errors.ts'
import type { StoredFile } from './tables.ts'

export type Claims = ReturnType<typeof createClaims>
/** What is known of a file once all of its bytes are there. */
export type Content = { sha256: string; type: string | null }

/** An upload that has shown no sign of life for this long is dead: another one may begin. */
export const CLAIM_MS = 15_000
const later = (time: Date, ms: number) => new Date(time.getTime() + ms)

/** A running upload does not expire. */
function sweepTime({ sweepAt }: StoredFile, now: Date) {
  const alive = later(now, CLAIM_MS)
  return sweepAt !== null && sweepAt > alive ? sweepAt : alive
}

/** Uploads that claim a file: of several, only one counts, even if another one only seemed to be dead. */
export function createClaims(db: Database, tables: Pick<Tables, 'files'>, uploadTtlMs: number) {
  const { files } = tables
  const { isOwn, isLive, isCurrent } = createConditions(tables)

  /** The file, if it can be uploaded now. Throws why not. */
  async function find(userId: string, id: string, now: Date): Promise<StoredFile> {
    const [file] = isUuid(id) ? await db.select().from(files).where(isOwn(userId, id)) : []
    if (!file) throw new FileNotFound()
    if (file.state === 'stored') throw new FileAlreadyStored()
    const isUnfinished = file.state === 'pending' || file.state === 'uploading'
    if (!isUnfinished || file.sweepAt === null || file.sweepAt <= now) throw new UploadExpired()
    if (file.claimedAt !== null && file.claimedAt > later(now, -CLAIM_MS)) throw new UploadInProgress()
    return file
  }

  return {
    find,
    /** Begins an upload of a file as it was found. Throws UPLOAD_IN_PROGRESS if another one was faster. */
    async claim(found: StoredFile, now: Date): Promise<StoredFile> {
      const { id, attempt } = found
      const isUnchanged = and(eq(files.id, id), eq(files.attempt, attempt))
      const [claimed] = await db
        .update(files)
        .set({ state: 'uploading', attempt: attempt + 1, claimedAt: now, sweepAt: sweepTime(found, now) })
        .where(and(isUnchanged, inArray(files.state, ['pending', 'uploading']), isLive(now)))
        .returning()
      if (!claimed) throw new UploadInProgress()
      return claimed
    },
    /** Shows that an upload is alive. False: it no longer counts. */
    async renew(file: StoredFile, now: Date) {
      const times = { claimedAt: now, sweepAt: sweepTime(file, now) }
      return (await db.update(files).set(times).where(isCurrent(file)).returning()).length > 0
    },
    /** Lets another upload begin after this one failed. False: it no longer counted. */
    async release(file: StoredFile) {
      const changes = { state: 'pending' as const, claimedAt: null }
      return (await db.update(files).set(changes).where(isCurrent(file)).returning()).length > 0
    },
    /** Stores what an upload brought. Null: it no longer counts. */
    async store(file: StoredFile, content: Content, now: Date): Promise<StoredFile | null> {
      // What earlier attempts left behind is removed once none of them can be running.
      const sweepAt = file.attempt > 1 ? later(now, uploadTtlMs) : null
      const [stored] = await db
        .update(files)
        .set({ ...content, state: 'stored', claimedAt: null, sweepAt, storedAt: now })
        .where(isCurrent(file))
        .returning()
      return stored ?? null
    }
  }
}
