import { randomUUIDv7 } from 'node:crypto'
import { and, desc, eq, lt } from '../../plugins/platform/db/drizzle.ts'
import { isForeignKeyViolation } from '../../plugins/platform/db/errors.ts'
import { isUuid } from '../../plugins/platform/db/ids.ts'
import type { Database, Tables } from '../../plugins/platform/db/types.ts'
import type { NoteBody, NoteChanges } from './schemas.ts'

/** All SQL that touches notes. Every call names the owner, so no user can reach the notes of another. */
export function createNotes(db: Database, { notes }: Tables) {
  const owned = (userId: string, id: string) => and(eq(notes.userId, userId), eq(notes.id, id))

  return {
    /** Returns null if the owner was deleted in the meantime. */
    async create(userId: string, note: NoteBody, now: Date) {
      const row = { id: randomUUIDv7(), userId, ...note, createdAt: now, updatedAt: now }
      try {
        const [created] = await db.insert(notes).values(row).returning()
        return created ?? null
      } catch (error) {
        if (isForeignKeyViolation(error)) return null
        throw error
      }
    },
    /** Newest first, starting after the note `cursor` if given. Reads one more than `limit` to see whether another page follows. */
    async list(userId: string, limit: number, cursor: string | undefined) {
      const before = cursor === undefined ? undefined : lt(notes.id, cursor)
      const rows = db
        .select()
        .from(notes)
        .where(and(eq(notes.userId, userId), before))
        .orderBy(desc(notes.id))
      const found = await rows.limit(limit + 1)
      const page = found.slice(0, limit)
      return { notes: page, nextCursor: found.length > limit ? (page.at(-1)?.id ?? null) : null }
    },
    async find(userId: string, id: string) {
      if (!isUuid(id)) return null
      const [note] = await db.select().from(notes).where(owned(userId, id))
      return note ?? null
    },
    async update(userId: string, id: string, changes: NoteChanges, now: Date) {
      if (!isUuid(id)) return null
      const [note] = await db
        .update(notes)
        .set({ ...changes, updatedAt: now })
        .where(owned(userId, id))
        .returning()
      return note ?? null
    },
    async remove(userId: string, id: string) {
      if (!isUuid(id)) return null
      const [note] = await db.delete(notes).where(owned(userId, id)).returning()
      return note ?? null
    }
  }
}
