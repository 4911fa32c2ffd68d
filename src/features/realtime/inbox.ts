import { and, desc, eq, isNull, lt, lte, sql } from '../../plugins/platform/db/drizzle.ts'
import type { Database, Tables } from '../../plugins/platform/db/types.ts'
import { inboxOf } from './messages.ts'

export type Inbox = ReturnType<typeof createInbox>

/** The notifications of a user, as a list. */
export function createInbox(db: Database, { channels, messages }: Tables) {
  const isUnread = (channel: string) => and(eq(messages.channel, channel), isNull(messages.readAt))

  return {
    /**
     * Up to `limit` notifications before a number, newest first, how many are unread, and the last number. One statement reads all of it,
     * so that a stream that begins after this number continues the list without a gap.
     */
    async list(userId: string, before: number, limit: number) {
      const channel = inboxOf(userId)
      const { seq, type, data, createdAt, readAt } = messages
      const count = db.select({ count: sql`count(*)` }).from(messages).where(isUnread(channel))
      const unread = sql`(${count})`.mapWith(Number)
      const rows = await db
        .select({ message: { seq, type, data, createdAt, readAt }, lastSeq: channels.lastSeq, unread })
        .from(channels)
        .leftJoin(messages, and(eq(messages.channel, channels.name), lt(seq, before)))
        .where(eq(channels.name, channel))
        .orderBy(desc(seq))
        .limit(limit)
      const found = rows.map(({ message }) => message).filter((message) => message !== null)
      const notifications = found.map((message) => ({ ...message, data: JSON.parse(message.data) as unknown }))
      return { notifications, unread: rows[0]?.unread ?? 0, seq: rows[0]?.lastSeq ?? 0 }
    },
    /** Marks all up to this number as read. */
    async markRead(userId: string, upTo: number, now: Date) {
      await db
        .update(messages)
        .set({ readAt: now })
        .where(and(isUnread(inboxOf(userId)), lte(messages.seq, upTo)))
    }
  }
}
