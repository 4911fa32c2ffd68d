import type { Tables } from '../../plugins/platform/db/types.ts'

type Counted = Pick<Tables['totp']['$inferSelect'], 'failures' | 'failuresInHour' | 'hourEndsAt' | 'nextTryAt'>

/** Wrong codes that cost no time. */
export const FREE = 5
/** Wrong codes of an account in an hour, from everywhere. */
export const PER_HOUR = 10
/** Wrong codes in a row that turn the authenticator off: a code has six digits. */
export const IN_A_ROW = 100
const HOUR_MS = 3_600_000
const LONGEST_DELAY_SECONDS = 900

export const isLocked = ({ failures }: Counted) => failures >= IN_A_ROW

/** How many ms the next code has to wait. */
export function waitMs({ failuresInHour, hourEndsAt, nextTryAt }: Counted, now: Date) {
  const hour = failuresInHour >= PER_HOUR ? hourEndsAt.getTime() - now.getTime() : 0
  return Math.max(0, hour, nextTryAt.getTime() - now.getTime())
}

/** The counters after one more wrong code. After the free ones, the delay doubles from a second to a quarter of an hour. */
export function afterFailure(counted: Counted, now: Date): Counted {
  const isSameHour = counted.hourEndsAt > now
  const failures = counted.failures + 1
  const delay = failures < FREE ? 0 : Math.min(2 ** (failures - FREE), LONGEST_DELAY_SECONDS)
  return {
    failures,
    failuresInHour: isSameHour ? counted.failuresInHour + 1 : 1,
    hourEndsAt: isSameHour ? counted.hourEndsAt : new Date(now.getTime() + HOUR_MS),
    nextTryAt: new Date(now.getTime() + delay * 1000)
  }
}

/** The counters of a new authenticator, and after a recovery code. */
export const noFailures = (now: Date): Counted => ({ failures: 0, failuresInHour: 0, hourEndsAt: now, nextTryAt: now })
