import { defineTable } from '../../plugins/platform/db/tables.ts'

declare module '../../plugins/platform/db/tables.ts' {
  interface Tables {
    userRoles: ReturnType<typeof userRoles>
  }
}

/** Without a row, a user has the default role and is not banned. */
export const userRoles = defineTable(
  'user_roles',
  (column, tables) => ({
    userId: column
      .uuid('user_id')
      .primaryKey()
      .references(() => tables.users.id, { onDelete: 'cascade' }),
    role: column.text('role').notNull(),
    bannedAt: column.time('banned_at')
  }),
  (table, index) => [index('user_roles_role').on(table.role)]
)
