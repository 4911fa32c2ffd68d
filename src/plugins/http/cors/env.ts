import { list } from '../../platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../platform/config/settings.ts'

/** Origins of pages inside an app: a web view (Capacitor, Ionic, Tauri, Electron) or a browser extension. */
const APP_ORIGIN = /^(capacitor|ionic|tauri|app|chrome-extension|moz-extension):\/\/[a-z\d.-]+(:\d{1,5})?$/

export const isAppOrigin = (item: string) => APP_ORIGIN.test(item) && URL.canParse(item)

/**
 * An exact origin as browsers send it: no path, pattern, default port, `*`, or `null`. Other schemes are refused, because every
 * `file:` and `data:` page has the origin `null`.
 */
function isOrigin(item: string) {
  if (isAppOrigin(item)) return true
  return /^https?:\/\/[\w.:[\]-]+$/.test(item) && URL.canParse(item) && new URL(item).origin === item
}

/** A header name (RFC 9110, 5.1) without `*`, which is no wildcard in a request with credentials. */
const isHeaderName = (item: string) => /^[\w!#$%&'+.^`|~-]+$/.test(item)

const corsSettings = defineSettings({
  CORS_API_ORIGINS: list(
    isOrigin,
    'must list exact origins such as https://app.example.com or capacitor://localhost, without path, pattern or *'
  ),
  CORS_ALLOWED_HEADERS: list(isHeaderName, 'must list names of request headers such as x-tenant, without *')
})

declare module '../../platform/config/settings.ts' {
  interface Settings extends Values<typeof corsSettings> {}
}
