import { duration } from '../../plugins/platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../plugins/platform/config/settings.ts'

const eventsSettings = {
  EVENTS_TTL: duration('90d')
}

defineSettings(eventsSettings)

declare module '../../plugins/platform/config/settings.ts' {
  interface Settings extends Values<typeof eventsSettings> {}
}
