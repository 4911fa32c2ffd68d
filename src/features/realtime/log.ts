import type { NamedSteps } from '../../plugins/identity/auth/insert-session.ts'
import { isLive } from '../../plugins/identity/auth/sessions.ts'
import { and, eq, gt, inArray, isNull, or, sql } from '../../plugins/platform/db/drizzle.ts'
import type { Database, PrepareOne, Tables } from '../../plugins/platform/db/types.ts'
import { type Message, type NewMessage, toText } from './messages.ts'

export type MessageLog = ReturnType<typeof createLog>
/** A channel, the user whose inbox it is, if it is one, and the user who writes. */
export type Target = { name: string; inboxOf?: string; author?: string }
type OnCommit = (channel: string, seq: number) => void
/** What a reader of a channel has not seen yet: everything after a number. */
export type Wanted = { channel: string; after: number }

/** Writes to channels and reads from them. */
export function createLog(db: Database, { channels, messages, sessions, users }: Tables, prepareOne: PrepareOne) {
  const { expiresAt, absoluteExpiresAt, revokedAt } = sessions
  const { firstSeq, lastSeq } = channels
  const start = db
    .select({ expiresAt, absoluteExpiresAt, revokedAt, firstSeq, lastSeq })
    .from(sessions)
    .leftJoin(channels, eq(channels.name, sql.placeholder('channel')))
    .where(eq(sessions.id, sql.placeholder('sid')))
  const startOf = prepareOne(start, 'channel_start')
  let count = 0

  return {
    /**
     * The steps that write a message to a channel, for the transaction of what it is about. Nothing is written to the inbox of a user
     * who was deleted. `onCommit` gets the channel and the number.
     */
    append({ name, inboxOf: owner, author }: Target, message: NewMessage, now: Date, onCommit: OnCommit): NamedSteps {
      const data = toText(message)
      // A transaction may send several messages.
      const step = `message${count++}`
      const next = { lastSeq: sql`${lastSeq} + 1`, updatedAt: now }
      const lockOwner: NamedSteps = owner
        ? { [`${step}User`]: (tx) => tx.lock(tx.select({ id: users.id }).from(users).where(eq(users.id, owner))) }
        : {}
      return {
        ...lockOwner,
        [`${step}Channel`](tx, done) {
          if (done[`${step}User`]?.length === 0) return null
          const first = { name, userId: owner ?? null, lastSeq: 1, updatedAt: now }
          const insert = tx.insert(channels).values(first)
          return insert.onConflictDoUpdate({ target: channels.name, set: next }).returning({ seq: lastSeq })
        },
        [step](tx, done) {
          const [written] = done[`${step}Channel`] as { seq: number }[]
          if (!written) return null
          tx.onCommit(() => onCommit(name, written.seq))
          const row = { channel: name, seq: written.seq, type: message.type, data, createdAt: now }
          return tx
            .insert(messages)
            .values({ ...row, userId: author ?? null })
            .returning({ seq: messages.seq })
        }
      }
    },
    /** The first and last number of a channel, and when the session that begins to read it expires. Null: it has ended. */
    async findStart(channel: string, sid: string, now: Date) {
      const found = await startOf({ channel, sid })
      if (found === null || !isLive(found, now)) return null
      return { firstSeq: found.firstSeq ?? 1, lastSeq: found.lastSeq ?? 0, expiresAt: found.expiresAt }
    },
    /**
     * Up to `limit` messages by channel and number, and which of these sessions live. One statement reads both, so that whoever
     * commits a message after a logout can be sure that the session does not get it.
     */
    async read(wanted: Wanted[], sids: string[], limit: number, now: Date) {
      const isAlive = and(inArray(sessions.id, sids), isNull(revokedAt), gt(expiresAt, now))
      const ids = db
        .select({ ids: sql`string_agg(cast(${sessions.id} as text), ',')` })
        .from(sessions)
        .where(isAlive)
      const { channel, seq, type, data, createdAt } = messages
      const rows = await db
        .select({ channel, seq, type, data, createdAt, live: sql<string | null>`(${ids})` })
        .from(messages)
        .where(or(...wanted.map((one) => and(eq(channel, one.channel), gt(seq, one.after)))))
        .orderBy(channel, seq)
        .limit(limit)
      return { messages: rows as Message[], live: new Set(rows[0]?.live?.split(',')) }
    },
    /** The channels that were written to since a time, with their last numbers. */
    changedSince: (time: Date) =>
      db.select({ name: channels.name, lastSeq }).from(channels).where(gt(channels.updatedAt, time)),
    /** The sessions that were revoked since a time. */
    revokedSince: (time: Date) =>
      db.select({ id: sessions.id, userId: sessions.userId }).from(sessions).where(gt(revokedAt, time))
  }
}
