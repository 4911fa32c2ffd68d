import { defineTable, type Tables } from '../../platform/db/tables.ts'

declare module '../../platform/db/tables.ts' {
  interface Tables {
    users: ReturnType<typeof users>
  }
}

export type User = Tables['users']['$inferSelect']
export type NewUser = Tables['users']['$inferInsert']

export const users = defineTable('users', (column) => ({
  id: column.uuid('id').primaryKey(),
  username: column.text('username').notNull(),
  /** The username after NFKC and case folding. It must be unique. */
  usernameKey: column.text('username_key').notNull().unique(),
  email: column.text('email').notNull(),
  emailKey: column.text('email_key').notNull().unique(),
  name: column.text('name').notNull(),
  passwordHash: column.text('password_hash').notNull(),
  /** Raised with each change of password or email address: no proof from before it counts. */
  credentialVersion: column.integer('credential_version').notNull().default(0),
  createdAt: column.time('created_at').notNull(),
  updatedAt: column.time('updated_at').notNull()
}))
