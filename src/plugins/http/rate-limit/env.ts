import { duration, flag, integer } from '../../platform/config/setting-types.ts'
import { defineSettings, type Settings, type Values } from '../../platform/config/settings.ts'

const rateLimitSettings = {
  RATE_LIMIT_MAX: integer('1000', 1, 100_000_000),
  RATE_LIMIT_WINDOW: duration('1m', 1, '24d'),
  RATE_LIMIT_SHARED: flag('false')
}

/** Counting for all replicas takes a place that all of them reach. */
function rateLimitConflict(settings: Settings) {
  return settings.RATE_LIMIT_SHARED && settings.REDIS_URL === null ? 'RATE_LIMIT_SHARED=true needs REDIS_URL' : null
}

defineSettings(rateLimitSettings, rateLimitConflict)

declare module '../../platform/config/settings.ts' {
  interface Settings extends Values<typeof rateLimitSettings> {}
}
