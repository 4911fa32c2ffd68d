import { defineTable, type Tables } from '../../plugins/platform/db/tables.ts'

declare module '../../plugins/platform/db/tables.ts' {
  interface Tables {
    files: ReturnType<typeof files>
    avatars: ReturnType<typeof avatars>
  }
}

export type StoredFile = Tables['files']['$inferSelect']

/**
 * The row of a file comes before its bytes and goes after them, so no bytes are ever without a row. An upload is an attempt: it
 * writes to `<id>.<attempt>`, so a late one cannot touch the bytes of the one that counts.
 */
export const files = defineTable(
  'files',
  (column, tables) => ({
    id: column.uuid('id').primaryKey(),
    /** Null: the owner deleted the file, or was deleted. */
    userId: column.uuid('user_id').references(() => tables.users.id, { onDelete: 'set null' }),
    /** What the user calls it. No path is ever made of it. */
    name: column.text('name').notNull(),
    /** In bytes. */
    size: column.integer('size').notNull(),
    /** The type of an image, by its first bytes. Null: not an image, or not stored yet. */
    type: column.text('type'),
    /** In hex. Until the file is stored, it is what the client declared. */
    sha256: column.text('sha256'),
    /** `swept`: deleted, and its bytes were removed once. */
    state: column.text('state').$type<'pending' | 'uploading' | 'stored' | 'deleted' | 'swept'>().notNull(),
    /** The number of the latest upload. */
    attempt: column.integer('attempt').notNull(),
    /** When the running upload last showed that it is alive. */
    claimedAt: column.time('claimed_at'),
    /** When the cleanup looks at it next: when it expires, or when bytes of it are to be removed. */
    sweepAt: column.time('sweep_at'),
    createdAt: column.time('created_at').notNull(),
    storedAt: column.time('stored_at')
  }),
  (table, index) => [index('files_user').on(table.userId, table.id), index('files_sweep').on(table.sweepAt)]
)

export const avatars = defineTable(
  'avatars',
  (column, tables) => ({
    userId: column
      .uuid('user_id')
      .primaryKey()
      .references(() => tables.users.id, { onDelete: 'cascade' }),
    fileId: column
      .uuid('file_id')
      .notNull()
      .references(() => tables.files.id, { onDelete: 'cascade' })
  }),
  (table, index) => [index('avatars_file').on(table.fileId)]
)
