import { list } from '../config/kinds.ts'
import type { Rule } from '../config/rules.ts'

/** The pages of an app that brings its own: in a web view (Capacitor, Ionic, Tauri, Electron) or a browser extension. */
const APP_ORIGIN = /^(capacitor|ionic|tauri|app|chrome-extension|moz-extension):\/\/[a-z\d.-]+(:\d{1,5})?$/

export const isAppOrigin = (item: string) => APP_ORIGIN.test(item) && URL.canParse(item)

/**
 * An exact origin, as a browser sends it: no path, no pattern, no default port, never `*` or `null`. Other schemes are refused:
 * every page of `file:` or `data:` has the origin `null`.
 */
function isOrigin(item: string) {
  if (isAppOrigin(item)) return true
  return /^https?:\/\/[\w.:[\]-]+$/.test(item) && URL.canParse(item) && new URL(item).origin === item
}

/** A header name (RFC 9110, 5.1), without `*`: with credentials it is no wildcard, and never a part of one. */
const isHeaderName = (item: string) => /^[\w!#$%&'+.^`|~-]+$/.test(item)

export const corsEnv = {
  CORS_API_ORIGINS: list(
    isOrigin,
    'must list exact origins such as https://app.example.com or capacitor://localhost, without path, pattern or *'
  ),
  CORS_ALLOWED_HEADERS: list(isHeaderName, 'must list names of request headers such as x-tenant, without *')
}

/** Whether it is of the browser's own machine. */
export const isLocalOrigin = (origin: string) =>
  /^https?:\/\/(([\w-]+\.)*localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(origin)

export const corsRules: Rule[] = [
  {
    title: 'No page of localhost may act with a login',
    setting: 'CORS_API_ORIGINS',
    isBroken: ({ CORS_API_ORIGINS, COOKIE_SECURE }) => COOKIE_SECURE && CORS_API_ORIGINS.some(isLocalOrigin),
    text: "CORS_API_ORIGINS lists a page of localhost: whatever listens there on a user's machine may act with their login. Take it out"
  },
  {
    title: 'No page of plain http may act with a login',
    setting: 'CORS_API_ORIGINS',
    isBroken: ({ CORS_API_ORIGINS, COOKIE_SECURE }) =>
      COOKIE_SECURE && CORS_API_ORIGINS.some((origin) => origin.startsWith('http:') && !isLocalOrigin(origin)),
    text: 'CORS_API_ORIGINS lists a page of plain http: whoever is in between can put a script into it, and act with the login of its user. List its https origin'
  }
]
