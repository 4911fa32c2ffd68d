import { and, eq, gt, isNotNull } from '../../platform/db/drizzle.ts'
import type { Database, Tables } from '../../platform/db/types.ts'
import { ServiceUnavailable } from '../../platform/errors/errors.ts'
import { TooManyAttempts } from '../throttle/errors.ts'

/** Valid tickets that one client network may have without signing in, and all of them together. */
const MAX_PER_CLIENT = 300
const MAX_ANONYMOUS = 100_000
/** How long the count of all of them is reused, in ms. */
const COUNT_KEPT_MS = 1000

/** Bounds what strangers can store. Counts in SQL, for all replicas; concurrent requests may exceed a limit by a few. */
export function createAnonymousLimit(db: Database, tickets: Tables['tickets']) {
  let count = 0
  let countedAt = Number.NEGATIVE_INFINITY

  /** Throws TOO_MANY_ATTEMPTS, or SERVICE_UNAVAILABLE if there are too many of all clients together. */
  return async function limitAnonymous(client: string, now: Date) {
    if (performance.now() - countedAt > COUNT_KEPT_MS) {
      countedAt = performance.now()
      count = await db.$count(tickets, isNotNull(tickets.client))
    }
    if (count >= MAX_ANONYMOUS) throw new ServiceUnavailable()
    const isOwn = and(eq(tickets.client, client), gt(tickets.expiresAt, now))
    if ((await db.$count(tickets, isOwn)) >= MAX_PER_CLIENT) throw new TooManyAttempts(60_000)
  }
}
