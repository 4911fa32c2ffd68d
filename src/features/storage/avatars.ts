import { eq } from '../../plugins/platform/db/drizzle.ts'
import { isUuid } from '../../plugins/platform/db/ids.ts'
import type { Database, Tables } from '../../plugins/platform/db/types.ts'
import { FileNotFound } from './errors.ts'
import type { StoredFile } from './tables.ts'

export type Avatars = ReturnType<typeof createAvatars>

/** Pictures of users: an example of files that others than their owner may read. */
export function createAvatars(db: Database, { avatars }: Pick<Tables, 'avatars'>) {
  return {
    /** The id of the file. Throws FILE_NOT_FOUND. */
    async find(userId: string) {
      if (!isUuid(userId)) throw new FileNotFound()
      const [avatar] = await db.select().from(avatars).where(eq(avatars.userId, userId))
      if (!avatar) throw new FileNotFound()
      return avatar.fileId
    },
    async set(userId: string, { id: fileId }: Pick<StoredFile, 'id'>) {
      await db
        .insert(avatars)
        .values({ userId, fileId })
        .onConflictDoUpdate({ target: avatars.userId, set: { fileId } })
    },
    async remove(userId: string) {
      await db.delete(avatars).where(eq(avatars.userId, userId))
    }
  }
}
