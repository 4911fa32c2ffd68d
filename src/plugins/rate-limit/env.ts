import { duration, flag, integer } from '../config/kinds.ts'

export const rateLimitEnv = {
  RATE_LIMIT_MAX: integer('1000', 1, 100_000_000),
  RATE_LIMIT_WINDOW: duration('1m', 1, '24d'),
  RATE_LIMIT_SHARED: flag('false')
}

/** Counting for all replicas takes a place that all of them reach. */
export function rateLimitConflict(settings: { RATE_LIMIT_SHARED: boolean; REDIS_URL: string | null }) {
  return settings.RATE_LIMIT_SHARED && settings.REDIS_URL === null ? 'RATE_LIMIT_SHARED=true needs REDIS_URL' : null
}
