import { flag } from '../../plugins/platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../plugins/platform/config/settings.ts'

const rolesSettings = defineSettings({
  ADMIN_SECOND_FACTOR: flag('false')
})

declare module '../../plugins/platform/config/settings.ts' {
  interface Settings extends Values<typeof rolesSettings> {}
}
