import { defineTable } from '../../plugins/platform/db/tables.ts'

declare module '../../plugins/platform/db/tables.ts' {
  interface Tables {
    notes: ReturnType<typeof notes>
  }
}

export const notes = defineTable(
  'notes',
  (column, tables) => ({
    id: column.uuid('id').primaryKey(),
    userId: column
      .uuid('user_id')
      .notNull()
      .references(() => tables.users.id, { onDelete: 'cascade' }),
    title: column.text('title').notNull(),
    text: column.text('text').notNull(),
    dueAt: column.time('due_at'),
    isDone: column.boolean('is_done').notNull().default(false),
    createdAt: column.time('created_at').notNull(),
    updatedAt: column.time('updated_at').notNull()
  }),
  (table, index) => [index('notes_user').on(table.userId, table.id)]
)
