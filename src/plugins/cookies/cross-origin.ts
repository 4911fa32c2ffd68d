import type { IncomingHttpHeaders } from 'node:http'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

export function isSafeMethod(method: string) {
  return SAFE.has(method)
}

/**
 * Whether a page of a foreign origin sent this, as the browser's own headers say: a listed origin passes, fetch metadata
 * decide next, then Origin against Host, whose scheme a TLS proxy may hide. Without either it was no browser.
 */
export function isCrossOrigin(
  { origin, host, 'sec-fetch-site': site }: IncomingHttpHeaders,
  listed: readonly string[]
) {
  if (origin !== undefined && listed.includes(origin)) return false
  if (site === 'cross-site' || site === 'same-site') return true
  return origin !== undefined && origin !== `https://${host}` && origin !== `http://${host}`
}
