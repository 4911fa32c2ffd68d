import { sql } from '../drizzle.ts'
import type { Database } from '../types.ts'

/** Beyond this difference, replicas refuse each other's tokens. */
const TOLERATED_MS = 5000

/** How far this machine's clock is ahead of PostgreSQL's, in ms; exact to half the round trip. */
async function measureLead(db: Database) {
  const before = Date.now()
  const [row] = await db
    .select({ ms: sql<number>`(extract(epoch from clock_timestamp()) * 1000)::float8` })
    .from(sql`(select 1) as one`)
  return (before + Date.now()) / 2 - Number(row?.ms)
}

/** A warning if the clock differs too much from PostgreSQL's, which all replicas compare theirs with; null if it agrees. */
export async function describeClock(db: Database) {
  const leadMs = await measureLead(db)
  if (Math.abs(leadMs) <= TOLERATED_MS) return null
  const difference = `${Math.round(Math.abs(leadMs) / 1000)} s ${leadMs > 0 ? 'ahead of' : 'behind'} the database's`
  return `the clock of this machine is ${difference}: replicas whose clocks differ refuse each other's tokens; use NTP`
}
