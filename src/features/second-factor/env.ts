import { secrets } from '../../plugins/platform/config/secrets.ts'
import type { SettingType } from '../../plugins/platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../plugins/platform/config/settings.ts'

const secondFactorSettings = {
  /** Without it, there are no second factors. */
  ENCRYPTION_KEY: { ...secrets(), fallback: null } as SettingType<readonly string[] | null>
}

defineSettings(secondFactorSettings)

declare module '../../plugins/platform/config/settings.ts' {
  interface Settings extends Values<typeof secondFactorSettings> {}
}
