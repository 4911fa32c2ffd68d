import { inArray, lt, lte, sql } from '../../plugins/platform/db/drizzle.ts'
import type { Database, RunTransaction, Tables } from '../../plugins/platform/db/types.ts'
import { TooManyMails } from './errors.ts'

const HOUR = 3600
const DAY = 24 * HOUR
/** Requests for a code of one client; more are refused, for any recipient. */
const PER_CLIENT = 20
/** Sign-ups of one client that get a mail. */
const SIGN_UPS_PER_CLIENT = 100
/** Codes to one recipient, and notices to an address that nobody has verified. Beyond that, no mail goes out, and nobody is told. */
const PER_RECIPIENT = { hour: 3, day: 10, notices: 20 }
const BATCH = 500

export type Limits = ReturnType<typeof createLimits>
/**
 * Who gets a code, and which budget it counts in: of requests that come from the user, as far as we can tell, of those that may come
 * from strangers, or of users who want to have this address. So nobody can use up the budget of another.
 */
export type Recipient = { key: string; budget: 'known' | 'strangers' | 'change' }

/** Limits how many mails strangers can cause. Counts in SQL, exactly and for all replicas. */
export function createLimits(db: Database, { mailCounts }: Tables, transaction: RunTransaction) {
  /** Adds one to a count that starts anew `seconds` after its first. */
  async function count(key: string, seconds: number, now: Date) {
    const { count, expiresAt } = mailCounts
    const first = { count: 1, expiresAt: new Date(now.getTime() + seconds * 1000) }
    const isOver = lte(expiresAt, now)
    const next = {
      count: sql`case when ${isOver} then 1 else ${count} + 1 end`,
      expiresAt: sql`case when ${isOver} then ${sql.param(first.expiresAt, expiresAt)} else ${expiresAt} end`
    }
    const [row] = await db
      .insert(mailCounts)
      .values({ key, ...first })
      .onConflictDoUpdate({ target: mailCounts.key, set: next })
      .returning()
    return row ?? { key, ...first }
  }

  return {
    /** Throws TOO_MANY_MAILS. */
    async limitClient(network: string, now: Date) {
      const { count: asked, expiresAt } = await count(`client:${network}`, HOUR, now)
      if (asked > PER_CLIENT) throw new TooManyMails(expiresAt.getTime() - now.getTime())
    },
    async maySignUpMail(network: string, now: Date) {
      return (await count(`sign-up:${network}`, HOUR, now)).count <= SIGN_UPS_PER_CLIENT
    },
    /** Whether a code may be mailed. */
    async mayMailCode({ key, budget }: Recipient, now: Date) {
      const hour = await count(`${key}:${budget}:hour`, HOUR, now)
      const day = await count(`${key}:${budget}:day`, DAY, now)
      return hour.count <= PER_RECIPIENT.hour && day.count <= PER_RECIPIENT.day
    },
    /** Whether a notice may be mailed to an address that nobody has verified. */
    async mayNotify(key: string, now: Date) {
      return (await count(`${key}:notices`, DAY, now)).count <= PER_RECIPIENT.notices
    },
    /** Deletes a batch of old counts. Returns whether there may be more. */
    async deleteExpired(now: Date) {
      const rows = await transaction({
        steps: {
          deleted: (tx) => {
            const expired = tx.select({ key: mailCounts.key }).from(mailCounts).where(lt(mailCounts.expiresAt, now))
            const batch = expired.orderBy(mailCounts.expiresAt).limit(BATCH)
            return tx.delete(mailCounts).where(inArray(mailCounts.key, batch)).returning({ key: mailCounts.key })
          }
        },
        skipIfLocked: true
      })
      return rows?.deleted.length === BATCH
    }
  }
}
