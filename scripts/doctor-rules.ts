import { cookieName, cookieOptions } from '../src/plugins/http/cookies/cookie.ts'
import { isCrossOrigin } from '../src/plugins/http/cookies/cross-origin.ts'
import { CrossOriginRequest } from '../src/plugins/http/cookies/errors.ts'
import type { Settings } from '../src/plugins/platform/config/settings.ts'
import { fetchSite, isLocal, judgeCookie, originOf } from './doctor-browser.ts'
import { settingsRules } from './doctor-settings.ts'

/** Where page and service are for a browser, what the service was told, and whether the page logs in with cookies at all. */
export type Place = { page: URL; api: URL; settings: Settings; hasCookies: boolean }
/** What is wrong, and what to change. */
export type Finding = { setting: string; text: string }
/** What is so where all is well, and what is found where it is not. */
export type Check = { title: string; find: (place: Place) => Finding | null }

/** The headers that a browser sends along when the page calls the service. */
export function pageHeaders(page: URL, api: URL) {
  return { origin: originOf(page), 'sec-fetch-site': fetchSite(page, api) }
}

/** A check that finds one thing. */
const check = (title: string, setting: string, isBroken: (place: Place) => boolean, text: string): Check => ({
  title,
  find: (place) => (isBroken(place) ? { setting, text } : null)
})

/** What only shows with the addresses of page and service, by the code that the service itself decides by. */
const placeChecks: Check[] = [
  check(
    'The service is called by https, or is on this machine',
    '--api',
    ({ api }) => api.protocol !== 'https:' && !isLocal(api),
    'By plain http anybody on the way reads passwords and logins, and pages of https may not call it. Put a proxy with TLS before it: deploy/nginx.conf'
  ),
  check(
    'The page comes by https, with an app, or is on this machine',
    '--spa',
    ({ page }) => page.protocol === 'http:' && !isLocal(page),
    'By plain http anybody on the way can change the script of the page. Serve it by https'
  ),
  {
    title: 'The page may act with a cookie, and read replies',
    find({ page, api, settings }) {
      const isRefused = isCrossOrigin({ host: api.host, ...pageHeaders(page, api) }, settings)
      const text = `${new CrossOriginRequest().message}. Add ${originOf(page)}`
      return isRefused ? { setting: 'CORS_API_ORIGINS', text } : null
    }
  },
  {
    title: 'Browsers store the cookie, and send it from the page',
    find({ page, api, settings, hasCookies }) {
      const { path, partitioned = false } = cookieOptions(settings)
      const { COOKIE_SECURE: secure, COOKIE_SAME_SITE: sameSite } = settings
      const name = cookieName(settings, 'sid')
      return hasCookies ? judgeCookie({ name, path, partitioned, secure, sameSite }, page, api) : null
    }
  },
  check(
    'SameSite=None is only there for a page of another site',
    'COOKIE_SAME_SITE',
    ({ page, api, settings }) =>
      settings.COOKIE_SAME_SITE === 'none' &&
      [originOf(page), ...settings.CORS_API_ORIGINS].every(
        (origin) => fetchSite(new URL(origin), api) !== 'cross-site'
      ),
    'SameSite=None is for pages of another site than the service, and none is listed: it gives up a protection for nothing. Set COOKIE_SAME_SITE=lax'
  )
]

/** Of the settings alone, as if COOKIE_SECURE were right already, and the page were meant: one fault shall not hide others. */
function asMeant({ page, api, settings }: Place): Settings {
  const CORS_API_ORIGINS = settings.CORS_API_ORIGINS.filter((origin) => origin !== originOf(page))
  return { ...settings, CORS_API_ORIGINS, COOKIE_SECURE: api.protocol === 'https:' }
}

export const checks: Check[] = [
  ...placeChecks,
  ...settingsRules.map(({ title, setting, isBroken, text }) =>
    check(title, setting, (place) => isBroken(asMeant(place)), text)
  )
]
