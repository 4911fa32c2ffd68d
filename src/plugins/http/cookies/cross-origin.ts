import type { IncomingHttpHeaders } from 'node:http'
import type { Settings } from '../../platform/config/settings.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

export function isSafeMethod(method: string) {
  return SAFE.has(method)
}

const DEFAULT_PORT = { https: /:443$/, http: /:80$/ }

/** Whether an origin is this scheme and Host, apart from case and default port. */
function isOwn(origin: string, scheme: 'https' | 'http', host: string) {
  const bare = (text: string) => text.toLowerCase().replace(DEFAULT_PORT[scheme], '')
  return bare(origin) === `${scheme}://${bare(host)}`
}

/**
 * Whether the browser's own headers say that a page of another origin sent this. A listed origin passes. Then Fetch Metadata
 * decides, which unlike Host is never rewritten by proxies. Without it, Origin must be the service's own, with HTTPS if cookies
 * are Secure. A request without these headers does not come from a browser.
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
