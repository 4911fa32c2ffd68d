import { duration } from '../../plugins/platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../plugins/platform/config/settings.ts'

const apiTokensSettings = defineSettings({
  API_TOKEN_MAX_AGE: duration('365d')
})

declare module '../../plugins/platform/config/settings.ts' {
  interface Settings extends Values<typeof apiTokensSettings> {}
}
