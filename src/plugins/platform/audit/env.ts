import { duration } from '../config/setting-types.ts'
import { defineSettings, type Values } from '../config/settings.ts'

const eventsSettings = {
  EVENTS_TTL: duration('90d')
}

defineSettings(eventsSettings)

declare module '../config/settings.ts' {
  interface Settings extends Values<typeof eventsSettings> {}
}
