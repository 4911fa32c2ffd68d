import { duration } from '../../plugins/platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../plugins/platform/config/settings.ts'

const recoverySettings = defineSettings({
  MAIL_CODE_TTL: duration('10m', 60, '1h')
})

declare module '../../plugins/platform/config/settings.ts' {
  interface Settings extends Values<typeof recoverySettings> {}
}
