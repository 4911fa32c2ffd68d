import { and, eq, inArray, lt, or, sql } from '../../plugins/platform/db/drizzle.ts'
import type { RunTransaction, Tables } from '../../plugins/platform/db/types.ts'

const BATCH = 500
type Key = { channel: string; seq: number }

/** Makes a function that deletes a batch of messages from before `cutoff`, and returns whether there may be more. */
export function createMessageCleanup({ channels, messages }: Tables, transaction: RunTransaction) {
  const { channel, seq, createdAt } = messages
  const isOne = (key: Key) => and(eq(channel, key.channel), eq(seq, key.seq))

  return async function deleteExpired(cutoff: Date) {
    const rows = await transaction({
      steps: {
        expired: (tx) =>
          tx.select({ channel, seq }).from(messages).where(lt(createdAt, cutoff)).orderBy(createdAt).limit(BATCH),
        deleted: (tx, { expired = [] }) => {
          const isExpired = or(...(expired as Key[]).map(isOne))
          return isExpired ? tx.delete(messages).where(isExpired).returning({ seq }) : null
        },
        // So that a client that has missed some of them is told.
        channels: (tx, { expired = [] }) => {
          const names = [...new Set((expired as Key[]).map((key) => key.channel))]
          if (names.length === 0) return null
          const oldest = tx
            .select({ seq: sql`min(${seq})` })
            .from(messages)
            .where(eq(channel, channels.name))
          const firstSeq = sql`coalesce((${oldest}), ${channels.lastSeq} + 1)`
          return tx.update(channels).set({ firstSeq }).where(inArray(channels.name, names)).returning()
        }
      },
      skipIfLocked: true
    })
    return rows?.expired.length === BATCH
  }
}
