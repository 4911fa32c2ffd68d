import { defineTable } from '../../plugins/platform/db/tables.ts'

declare module '../../plugins/platform/db/tables.ts' {
  interface Tables {
    passkeys: ReturnType<typeof passkeys>
  }
}

export const passkeys = defineTable(
  'passkeys',
  (column, tables) => ({
    id: column.uuid('id').primaryKey(),
    userId: column
      .uuid('user_id')
      .notNull()
      .references(() => tables.users.id, { onDelete: 'cascade' }),
    /** What the authenticator calls it, in base64url. */
    credentialId: column.text('credential_id').notNull().unique(),
    /** The COSE key, in base64url. */
    publicKey: column.text('public_key').notNull(),
    /** How often it has signed, or 0. As text, because it has 32 bits without a sign. */
    counter: column.text('counter').notNull(),
    /** How a browser reaches it, separated by spaces. */
    transports: column.text('transports').notNull(),
    /** Whether it may be on several devices. If not, it never leaves its device. */
    synced: column.boolean('synced').notNull(),
    /** What the user calls it. */
    name: column.text('name').notNull(),
    createdAt: column.time('created_at').notNull(),
    lastUsedAt: column.time('last_used_at')
  }),
  (table, index) => [index('passkeys_user').on(table.userId)]
)
