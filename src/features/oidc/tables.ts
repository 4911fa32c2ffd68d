import { defineTable } from '../../plugins/platform/db/tables.ts'

declare module '../../plugins/platform/db/tables.ts' {
  interface Tables {
    identities: ReturnType<typeof identities>
  }
}

/** The accounts of providers with which a user can log in. */
export const identities = defineTable(
  'identities',
  (column, tables) => ({
    id: column.uuid('id').notNull().unique(),
    userId: column
      .uuid('user_id')
      .notNull()
      .references(() => tables.users.id, { onDelete: 'cascade' }),
    /** Its name in OIDC_PROVIDERS. */
    provider: column.text('provider').notNull(),
    /** Who says so, and what they call the user: together they never change, and never belong to anybody else. */
    issuer: column.text('issuer').notNull(),
    subject: column.text('subject').notNull(),
    createdAt: column.time('created_at').notNull(),
    lastUsedAt: column.time('last_used_at')
  }),
  (table, index, primaryKey) => [
    primaryKey({ columns: [table.issuer, table.subject] }),
    index('identities_user').on(table.userId)
  ]
)
