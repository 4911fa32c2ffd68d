import { duration } from '../config/setting-types.ts'
import { defineSettings, type Values } from '../config/settings.ts'

const auditSettings = {
  EVENTS_TTL: duration('90d')
}

defineSettings(auditSettings)

declare module '../config/settings.ts' {
  interface Settings extends Values<typeof auditSettings> {}
}
