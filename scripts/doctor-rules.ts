import { rules } from '../src/plugins/config/rules.ts'
import type { Settings } from '../src/plugins/config/settings.ts'
import { cookieOptions } from '../src/plugins/cookies/cookie.ts'
import { isCrossOrigin } from '../src/plugins/cookies/cross-origin.ts'
import { CrossOriginRequest } from '../src/plugins/cookies/errors.ts'
import { fetchSite, isLocal, judgeCookie } from './doctor-browser.ts'

/** Where page and service are for a browser, and what the service was told. */
export type Place = { page: URL; api: URL; settings: Settings; isProduction: boolean }
/** What is wrong, and which setting mends it. */
export type Finding = { setting: string; text: string }
/** What is so where all is well, and what is found where it is not. */
export type Check = { title: string; find: (place: Place) => Finding | null }

/** The headers that a browser sends along when the page calls the service. */
export function pageHeaders(page: URL, api: URL) {
  return { origin: page.origin, 'sec-fetch-site': fetchSite(page, api) }
}

/** A check that finds one thing. */
const check = (title: string, setting: string, isBroken: (place: Place) => boolean, text: string): Check => ({
  title,
  find: (place) => (isBroken(place) ? { setting, text } : null)
})

/** What only shows with the addresses of page and service, by the code that the service itself decides by. */
const placeChecks: Check[] = [
  check(
    'The service is called by https',
    '--api',
    ({ api }) => api.protocol !== 'https:' && !isLocal(api),
    'By plain http anybody on the way reads passwords and logins, and pages of https may not call it. Put a proxy with TLS before it: deploy/nginx.conf'
  ),
  check(
    'The page comes by https',
    '--spa',
    ({ page }) => page.protocol !== 'https:' && !isLocal(page),
    'By plain http anybody on the way changes the script of the page. Serve it by https'
  ),
  check(
    'The service is at the root of its origin',
    '--api',
    ({ api }) => api.pathname !== '/',
    'Its refresh cookie is for /api/auth, and browsers would not send it below another path. Give the service a name of its own, or pass /api on as it is'
  ),
  check(
    'The service listens where the page calls it',
    'PORT',
    ({ page, api, settings }) =>
      isLocal(api) && api.protocol === 'http:' && api.host !== page.host && Number(api.port || 80) !== settings.PORT,
    'On this machine no proxy stands between, and PORT is another than that of --api. Make them the same'
  ),
  {
    title: 'The page may act with a cookie, and read replies',
    find({ page, api, settings }) {
      const isRefused = isCrossOrigin({ host: api.host, ...pageHeaders(page, api) }, settings.CORS_API_ORIGINS)
      const text = `${new CrossOriginRequest().message}. Add ${page.origin}`
      return isRefused ? { setting: 'CORS_API_ORIGINS', text } : null
    }
  },
  {
    title: 'Browsers keep its cookie, and send it from the page',
    find({ page, api, settings }) {
      const { path, partitioned = false } = cookieOptions(settings)
      const { COOKIE_SECURE: secure, COOKIE_SAME_SITE: sameSite } = settings
      const name = secure ? '__Host-sid' : 'sid'
      return judgeCookie({ name, path, partitioned, secure, sameSite }, page, api)
    }
  },
  check(
    'A start makes no keys of its own',
    'NODE_ENV',
    ({ api, isProduction }) => !isLocal(api) && !isProduction,
    'A start that finds no keys writes new ones into .env, and where that file does not last every start logs everybody out. Set NODE_ENV=production'
  )
]

/** Of the settings alone, as if COOKIE_SECURE were right already: one fault shall not hide others. */
const settingChecks = rules.map(({ title, setting, isBroken, text }) =>
  check(
    title,
    setting,
    ({ api, settings }) => isBroken({ ...settings, COOKIE_SECURE: api.protocol === 'https:' }),
    text
  )
)

export const checks: Check[] = [...placeChecks, ...settingChecks]
