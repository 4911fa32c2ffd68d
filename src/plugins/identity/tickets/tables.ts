import { defineTable, type Tables } from '../../platform/db/tables.ts'

declare module '../../platform/db/tables.ts' {
  interface Tables {
    tickets: ReturnType<typeof tickets>
  }
}

export type TicketRow = Tables['tickets']['$inferSelect']

/** No foreign keys: a ticket whose user or session is gone is refused when it is used, and deleted when it expires. */
export const tickets = defineTable(
  'tickets',
  (column) => ({
    /** SHA-256 of the secret. */
    secretHash: column.text('secret_hash').primaryKey(),
    /** The call that it is for. */
    purpose: column.text('purpose').notNull(),
    userId: column.uuid('user_id'),
    sessionId: column.uuid('session_id'),
    /** That of the user when the ticket was made: a change of password or email address invalidates it. */
    credentialVersion: column.integer('credential_version'),
    /** SHA-256 of the secret and the code that goes with it: a copy of the database gives nothing to guess. */
    codeHash: column.text('code_hash'),
    attempts: column.integer('attempts').notNull().default(0),
    /** JSON, for the concern that made it. */
    data: column.text('data'),
    /** The network of a client who did not have to sign in to get it. */
    client: column.text('client'),
    expiresAt: column.time('expires_at').notNull()
  }),
  (table, index) => [
    index('tickets_client').on(table.client, table.expiresAt),
    index('tickets_expires').on(table.expiresAt)
  ]
)
