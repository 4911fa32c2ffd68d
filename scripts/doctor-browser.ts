import { getDomain } from 'tldts'

// The rules by which a browser judges requests and cookies. A site is a scheme and a registrable domain, by the public suffix list
// (HTML, "schemelessly same site"; RFC 6265bis, 5.2).

const LOCAL = /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** What browsers take for their own machine: trusted without https. */
export const isLocal = ({ hostname }: URL) => LOCAL.test(hostname)

const siteOf = ({ protocol, hostname }: URL) =>
  `${protocol}//${getDomain(hostname, { allowPrivateDomains: true }) ?? hostname}`

/** What a browser says in Sec-Fetch-Site when this page calls that service. */
export function fetchSite(page: URL, api: URL) {
  if (page.origin === api.origin) return 'same-origin'
  return siteOf(page) === siteOf(api) ? 'same-site' : 'cross-site'
}

/** A cookie as a browser gets it. */
export type Cookie = {
  name: string
  path: string | undefined
  secure: boolean
  sameSite: string
  partitioned: boolean
  /** Where it says so itself. */
  domain?: string | undefined
}

/** A Set-Cookie line: the cookie, and the pair to send back. */
export function parseCookie(line: string): Cookie & { pair: string } {
  const [pair = '', ...parts] = line.split(';').map((part) => part.trim())
  const attributes = new Map(parts.map((part) => part.toLowerCase().split('=') as [string, string | undefined]))
  return {
    pair,
    name: pair.split('=')[0] ?? '',
    path: attributes.get('path'),
    secure: attributes.has('secure'),
    sameSite: attributes.get('samesite') ?? 'lax',
    partitioned: attributes.has('partitioned'),
    domain: attributes.get('domain')
  }
}

/** Why a browser keeps this cookie of the service from this page, with the setting that mends it; null: it keeps and sends it. */
export function judgeCookie(cookie: Cookie, page: URL, api: URL): { setting: string; text: string } | null {
  const { name, secure, path, domain, sameSite, partitioned } = cookie
  const isHostBound = secure && path === '/' && domain === undefined
  if (secure && api.protocol === 'http:')
    return {
      setting: 'COOKIE_SECURE',
      text: 'Browsers keep no Secure cookie of plain http, but some of localhost. Set COOKIE_SECURE=false, on your machine alone'
    }
  if (!secure && api.protocol === 'https:')
    return {
      setting: 'COOKIE_SECURE',
      text: 'Without Secure the cookie goes over plain http too, where others read it, and can be overwritten from there. Set COOKIE_SECURE=true, which sends HSTS as well'
    }
  if ((name.startsWith('__Secure-') && !secure) || (name.startsWith('__Host-') && !isHostBound))
    return {
      setting: 'the proxy',
      text: `Browsers drop the cookie ${name}: its prefix wants Secure, Path=/ and no Domain. Something on the way rewrites cookies`
    }
  const isElsewhere = fetchSite(page, api) === 'cross-site'
  if (isElsewhere && sameSite !== 'none')
    return isLocal(page) && isLocal(api)
      ? {
          setting: '--api',
          text: `${page.hostname} and ${api.hostname} are two sites, and browsers keep the cookie of one from pages of the other. Use one name for both`
        }
      : {
          setting: 'COOKIE_SAME_SITE',
          text: 'The page is of another site than the service, and browsers keep a cookie with SameSite=Lax or Strict from it. Set COOKIE_SAME_SITE=none, or give both names under one domain'
        }
  if (isElsewhere && !partitioned)
    return {
      setting: 'the proxy',
      text: 'Browsers without third-party cookies drop it where it is not Partitioned, as the service makes it. Something on the way rewrites cookies'
    }
  if (!isElsewhere && sameSite === 'none')
    return {
      setting: 'COOKIE_SAME_SITE',
      text: 'SameSite=None lets pages of other sites send the cookie, which this page does not need. Set COOKIE_SAME_SITE=lax'
    }
  return null
}
