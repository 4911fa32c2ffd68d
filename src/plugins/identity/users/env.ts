import { integer } from '../../platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../platform/config/settings.ts'

const usersSettings = defineSettings({
  /** In code points (ASVS 5.0, 6.2.1). */
  PASSWORD_MIN_LENGTH: integer('8', 8, 256)
})

declare module '../../platform/config/settings.ts' {
  interface Settings extends Values<typeof usersSettings> {}
}
