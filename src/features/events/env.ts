import { duration } from '../../plugins/platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../plugins/platform/config/settings.ts'

const eventsSettings = defineSettings({
  EVENTS_TTL: duration('90d')
})

declare module '../../plugins/platform/config/settings.ts' {
  interface Settings extends Values<typeof eventsSettings> {}
}
