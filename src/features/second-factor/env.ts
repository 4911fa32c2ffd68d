import { optionalSecrets } from '../../plugins/platform/config/secrets.ts'
import { defineSettings, type Values } from '../../plugins/platform/config/settings.ts'

const secondFactorSettings = defineSettings({
  /** Without it, there are no second factors. */
  ENCRYPTION_KEY: optionalSecrets()
})

declare module '../../plugins/platform/config/settings.ts' {
  interface Settings extends Values<typeof secondFactorSettings> {}
}
