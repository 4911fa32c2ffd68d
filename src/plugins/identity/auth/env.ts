import { secrets } from '../../platform/config/secrets.ts'
import { duration, integer } from '../../platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../platform/config/settings.ts'

const authSettings = defineSettings({
  SECRET_KEY: secrets(),
  LOGIN_MAX_AGE: duration('365d'),
  FRESH_FOR: duration('10m'),
  MAX_SESSIONS_PER_USER: integer('100', 1, 1000)
})

declare module '../../platform/config/settings.ts' {
  interface Settings extends Values<typeof authSettings> {}
}
