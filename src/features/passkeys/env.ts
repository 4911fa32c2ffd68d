import { text } from '../../plugins/platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../plugins/platform/config/settings.ts'

/** A domain name as browsers compare it: browsers refuse an IP address, a port, and capitals. */
const isDomain = (value: string) =>
  /^(?=.{1,253}$)([a-z\d]([a-z\d-]{0,61}[a-z\d])?\.)*[a-z][a-z\d-]{0,61}[a-z\d]$/.test(value)

const passkeysSettings = defineSettings({
  /** Without it, there are no passkeys. */
  PASSKEY_RP_ID: text(null, isDomain, 'must be the domain of your pages, such as example.com, or localhost')
})

declare module '../../plugins/platform/config/settings.ts' {
  interface Settings extends Values<typeof passkeysSettings> {}
}
