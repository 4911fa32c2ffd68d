import { choice, flag } from '../../platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../platform/config/settings.ts'

const headersSettings = defineSettings({
  /** Whether browsers use HTTPS: cookies are Secure, and HSTS is sent. */
  COOKIE_SECURE: flag('true'),
  /** Whether browsers only use HTTPS for a year, for all subdomains or for this host. */
  HSTS: choice(['includeSubDomains', 'true', 'false'], 'includeSubDomains')
})

declare module '../../platform/config/settings.ts' {
  interface Settings extends Values<typeof headersSettings> {}
}
