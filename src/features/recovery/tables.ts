import { defineTable } from '../../plugins/platform/db/tables.ts'

declare module '../../plugins/platform/db/tables.ts' {
  interface Tables {
    verifiedEmails: ReturnType<typeof verifiedEmails>
    mailCounts: ReturnType<typeof mailCounts>
  }
}

/** Which address a user has proven to own. It counts as long as it is the address of the account. */
export const verifiedEmails = defineTable('verified_emails', (column, tables) => ({
  userId: column
    .uuid('user_id')
    .primaryKey()
    .references(() => tables.users.id, { onDelete: 'cascade' }),
  emailKey: column.text('email_key').notNull(),
  verifiedAt: column.time('verified_at').notNull()
}))

/** How many mails were asked for lately, by client or recipient. */
export const mailCounts = defineTable(
  'mail_counts',
  (column) => ({
    key: column.text('key').primaryKey(),
    count: column.integer('count').notNull(),
    expiresAt: column.time('expires_at').notNull()
  }),
  (table, index) => [index('mail_counts_expires').on(table.expiresAt)]
)
