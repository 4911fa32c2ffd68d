import { defineTable, type Tables } from '../../plugins/platform/db/tables.ts'

declare module '../../plugins/platform/db/tables.ts' {
  interface Tables {
    auditEvents: ReturnType<typeof auditEvents>
  }
}

export type AuditEvent = Tables['auditEvents']['$inferSelect']

/** What happened to sessions and accounts. Rows are only ever added, and outlive their user. */
export const auditEvents = defineTable(
  'audit_events',
  (column) => ({
    id: column.uuid('id').primaryKey(),
    event: column.text('event').notNull(),
    userId: column.uuid('user_id'),
    sid: column.uuid('sid'),
    kind: column.text('kind', { enum: ['cookie', 'token'] }),
    reason: column.text('reason'),
    ip: column.text('ip'),
    /** What counts as one client: the address, or the /64 of an IPv6 address. */
    network: column.text('network'),
    userAgent: column.text('user_agent'),
    requestId: column.text('request_id'),
    createdAt: column.time('created_at').notNull()
  }),
  (table, index) => [
    index('audit_events_user').on(table.userId, table.id),
    index('audit_events_network').on(table.userId, table.network),
    index('audit_events_created').on(table.createdAt)
  ]
)
