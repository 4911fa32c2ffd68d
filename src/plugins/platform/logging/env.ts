import { choice } from '../config/setting-types.ts'
import { defineSettings, type Values } from '../config/settings.ts'

const loggingSettings = defineSettings({
  LOG_LEVEL: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'info')
})

declare module '../config/settings.ts' {
  interface Settings extends Values<typeof loggingSettings> {}
}
