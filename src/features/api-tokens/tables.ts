import { defineTable } from '../../plugins/platform/db/tables.ts'

declare module '../../plugins/platform/db/tables.ts' {
  interface Tables {
    apiTokens: ReturnType<typeof apiTokens>
  }
}

export const apiTokens = defineTable(
  'api_tokens',
  (column, tables) => ({
    id: column.uuid('id').primaryKey(),
    userId: column
      .uuid('user_id')
      .notNull()
      .references(() => tables.users.id, { onDelete: 'cascade' }),
    /** SHA-256 of the token. */
    secretHash: column.text('secret_hash').notNull().unique(),
    /** What the user calls it. */
    name: column.text('name').notNull(),
    /** Separated by spaces. */
    abilities: column.text('abilities').notNull(),
    createdAt: column.time('created_at').notNull(),
    expiresAt: column.time('expires_at').notNull(),
    lastUsedAt: column.time('last_used_at')
  }),
  (table, index) => [index('api_tokens_user').on(table.userId), index('api_tokens_expires').on(table.expiresAt)]
)
