import { cookieName, cookieOptions } from '../src/plugins/http/cookies/cookie.ts'
import { isCrossOrigin } from '../src/plugins/http/cookies/cross-origin.ts'
import { CrossOriginRequest } from '../src/plugins/http/cookies/errors.ts'
import type { Settings } from '../src/plugins/platform/config/settings.ts'
import { fetchSite, isLocal, judgeCookie, originOf } from './doctor-browser.ts'
import { settingsRules } from './doctor-settings.ts'

/** The addresses of page and service as browsers see them, the settings of the service, and whether the page logs in with cookies. */
export type Place = { page: URL; api: URL; settings: Settings; hasCookies: boolean }
/** What is wrong, and what to change. */
export type Finding = { setting: string; text: string }
/** `title` says what is true if the check passes. `find`: what is wrong, or null. */
export type Check = { title: string; find: (place: Place) => Finding | null }

/** The headers that a browser sends along when the page calls the service. */
export function pageHeaders(page: URL, api: URL) {
  return { origin: originOf(page), 'sec-fetch-site': fetchSite(page, api) }
}

/** A check with one possible finding. */
const check = (title: string, setting: string, isBroken: (place: Place) => boolean, text: string): Check => ({
  title,
  find: (place) => (isBroken(place) ? { setting, text } : null)
})

/** Checks that need the addresses of page and service. They use the code by which the service itself decides. */
const placeChecks: Check[] = [
  check(
    'Browsers call the service over HTTPS, or on this machine',
    '--api',
    ({ api }) => api.protocol !== 'https:' && !isLocal(api),
    'Over plain HTTP, anyone on the network can read passwords and cookies, and HTTPS pages cannot call the service. Put a proxy with TLS in front of it: deploy/nginx.conf'
  ),
  check(
    'The page is served over HTTPS, is part of an app, or is on this machine',
    '--spa',
    ({ page }) => page.protocol === 'http:' && !isLocal(page),
    'Over plain HTTP, anyone on the network can change the scripts of the page. Serve it over HTTPS'
  ),
  {
    title: 'The page may send cookies and read replies',
    find({ page, api, settings }) {
      const isRefused = isCrossOrigin({ host: api.host, ...pageHeaders(page, api) }, settings)
      const text = `${new CrossOriginRequest().message}. Add ${originOf(page)}`
      return isRefused ? { setting: 'CORS_API_ORIGINS', text } : null
    }
  },
  {
    title: 'Browsers store the cookie and send it from the page',
    find({ page, api, settings, hasCookies }) {
      const { path, partitioned = false } = cookieOptions(settings)
      const { COOKIE_SECURE: secure, COOKIE_SAME_SITE: sameSite } = settings
      const name = cookieName(settings, 'sid')
      return hasCookies ? judgeCookie({ name, path, partitioned, secure, sameSite }, page, api) : null
    }
  },
  check(
    'SameSite=None is set only if a page is on another site',
    'COOKIE_SAME_SITE',
    ({ page, api, settings }) =>
      settings.COOKIE_SAME_SITE === 'none' &&
      [originOf(page), ...settings.CORS_API_ORIGINS].every(
        (origin) => fetchSite(new URL(origin), api) !== 'cross-site'
      ),
    'SameSite=None is only needed for pages on another site than the service, and there are none. It weakens protection for nothing. Set COOKIE_SAME_SITE=lax'
  )
]

/** The settings as if COOKIE_SECURE and the origin of the page were right already, so that one mistake does not hide others. */
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
