import type { IncomingHttpHeaders } from 'node:http'
import type { Settings } from '../../platform/config/settings.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

export function isSafeMethod(method: string) {
  return SAFE.has(method)
}

const DEFAULT_PORT = { https: /:443$/, http: /:80$/ }

/** Whether an origin is this scheme and Host, whose case and default port do not matter. */
function isOwn(origin: string, scheme: 'https' | 'http', host: string) {
  const bare = (text: string) => text.toLowerCase().replace(DEFAULT_PORT[scheme], '')
  return bare(origin) === `${scheme}://${bare(host)}`
}

/**
 * Whether a page of a foreign origin sent this, as the browser's own headers say. A listed origin passes. Fetch metadata decides
 * next: unlike Host, no proxy rewrites it. Otherwise Origin has to be the service's own, and not by plain http while cookies are
 * Secure. A request with neither header does not come from a browser.
 */
export function isCrossOrigin(
  { origin, host, 'sec-fetch-site': site }: IncomingHttpHeaders,
  { CORS_API_ORIGINS, COOKIE_SECURE }: Pick<Settings, 'CORS_API_ORIGINS' | 'COOKIE_SECURE'>
) {
  if (origin !== undefined && CORS_API_ORIGINS.includes(origin)) return false
  if (site === 'same-origin') return false
  if (site === 'cross-site' || site === 'same-site') return true
  if (origin === undefined) return false
  if (!host) return true
  return !isOwn(origin, 'https', host) && (COOKIE_SECURE || !isOwn(origin, 'http', host))
}
