import { flag } from '../../platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../platform/config/settings.ts'

const docsSettings = defineSettings({
  API_DOCS: flag('false')
})

declare module '../../platform/config/settings.ts' {
  interface Settings extends Values<typeof docsSettings> {}
}
