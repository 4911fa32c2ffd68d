import { duration, integer } from '../../platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../platform/config/settings.ts'

const rateLimitSettings = defineSettings({
  RATE_LIMIT_MAX: integer('1000', 1, 100_000_000),
  RATE_LIMIT_WINDOW: duration('1m', 1, '24d')
})

declare module '../../platform/config/settings.ts' {
  interface Settings extends Values<typeof rateLimitSettings> {}
}
