import { choice, flag } from '../../platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../platform/config/settings.ts'

const headersSettings = {
  /** Browsers reach the service by https: cookies are Secure, and HSTS is sent. */
  COOKIE_SECURE: flag('true'),
  /** Browsers then come by https alone for a year: to every subdomain too, or to this host only. */
  HSTS: choice(['includeSubDomains', 'true', 'false'], 'includeSubDomains')
}

defineSettings(headersSettings)

declare module '../../platform/config/settings.ts' {
  interface Settings extends Values<typeof headersSettings> {}
}
