import { duration } from '../../platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../platform/config/settings.ts'

const sessionSettings = defineSettings({
  SESSION_TTL: duration('30d')
})

declare module '../../platform/config/settings.ts' {
  interface Settings extends Values<typeof sessionSettings> {}
}
