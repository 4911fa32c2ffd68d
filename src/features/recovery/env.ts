import { duration } from '../../plugins/platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../plugins/platform/config/settings.ts'

const recoverySettings = {
  MAIL_CODE_TTL: duration('10m', 60, '1h')
}

defineSettings(recoverySettings)

declare module '../../plugins/platform/config/settings.ts' {
  interface Settings extends Values<typeof recoverySettings> {}
}
