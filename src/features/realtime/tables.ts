import { defineTable } from '../../plugins/platform/db/tables.ts'

declare module '../../plugins/platform/db/tables.ts' {
  interface Tables {
    channels: ReturnType<typeof channels>
    messages: ReturnType<typeof messages>
  }
}

/** Logs of messages. Writers of one channel wait for each other at its row, so its numbers have no gap and follow the commits. */
export const channels = defineTable(
  'channels',
  (column, tables) => ({
    name: column.text('name').primaryKey(),
    /** The user whose inbox it is; null for any other channel. */
    userId: column.uuid('user_id').references(() => tables.users.id, { onDelete: 'cascade' }),
    lastSeq: column.integer('last_seq').notNull(),
    /** The oldest number that is kept, or the next one. */
    firstSeq: column.integer('first_seq').notNull().default(1),
    updatedAt: column.time('updated_at').notNull()
  }),
  (table, index) => [index('channels_user').on(table.userId), index('channels_updated').on(table.updatedAt)]
)

export const messages = defineTable(
  'messages',
  (column, tables) => ({
    channel: column
      .text('channel')
      .notNull()
      .references(() => tables.channels.name, { onDelete: 'cascade' }),
    seq: column.integer('seq').notNull(),
    type: column.text('type').notNull(),
    /** JSON. */
    data: column.text('data').notNull(),
    /** The user who wrote it; null for the service. */
    userId: column.uuid('user_id').references(() => tables.users.id, { onDelete: 'cascade' }),
    createdAt: column.time('created_at').notNull(),
    readAt: column.time('read_at')
  }),
  (table, index, primaryKey) => [
    primaryKey({ columns: [table.channel, table.seq] }),
    index('messages_user').on(table.userId),
    index('messages_created').on(table.createdAt)
  ]
)
