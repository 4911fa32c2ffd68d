import { getDomain } from 'tldts'
import { isAppOrigin, isLocalOrigin } from '../src/plugins/http/cors/env.ts'

// The rules by which a browser judges requests and cookies. A site is a scheme and a registrable domain, by the public suffix list
// (HTML, "same site"; RFC 6265bis, 5.2).

/** The origin of a page as browsers send it. Node's own is "null" for the pages of an app, such as capacitor://localhost. */
export const originOf = ({ protocol, host }: URL) => `${protocol}//${host}`

/** What browsers take for their own machine: trusted without https. */
export const isLocal = (url: URL) => isLocalOrigin(url.origin)

const siteOf = ({ protocol, hostname }: URL) =>
  `${protocol}//${getDomain(hostname, { allowPrivateDomains: true }) ?? hostname}`

/** What a browser says in Sec-Fetch-Site when this page calls that service. */
export function fetchSite(page: URL, api: URL) {
  if (originOf(page) === api.origin) return 'same-origin'
  return siteOf(page) === siteOf(api) ? 'same-site' : 'cross-site'
}

/** A cookie as a browser gets it; `domain`, where it names one itself. */
export type Cookie = {
  name: string
  path: string | undefined
  secure: boolean
  sameSite: string
  partitioned: boolean
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

const REWRITTEN = 'Something between browser and service rewrites cookies'

/** Why a browser does not store this cookie of the service, or does not send it from this page, and the setting that mends it. */
export function judgeCookie(cookie: Cookie, page: URL, api: URL): { setting: string; text: string } | null {
  const { name, secure, path, domain, sameSite, partitioned } = cookie
  const isHostBound = secure && path === '/' && domain === undefined
  const isElsewhere = fetchSite(page, api) === 'cross-site'
  if (secure && api.protocol === 'http:' && !isLocal(api))
    return { setting: '--api', text: 'Browsers drop a Secure cookie that comes by plain http: see above' }
  if (secure && api.protocol === 'http:')
    return {
      setting: 'COOKIE_SECURE',
      text: 'Not every browser stores a Secure cookie that comes by plain http, not even from localhost. Set COOKIE_SECURE=false, on your machine alone'
    }
  if (!secure && api.protocol === 'https:')
    return {
      setting: 'COOKIE_SECURE',
      text: 'Without Secure the cookie is sent by plain http too, where others read it, and can be overwritten from there. Set COOKIE_SECURE=true, which sends HSTS as well'
    }
  if ((name.startsWith('__Secure-') && !secure) || (name.startsWith('__Host-') && !isHostBound))
    return {
      setting: 'the proxy',
      text: `Browsers drop the cookie ${name}: its prefix wants Secure, Path=/ and no Domain. ${REWRITTEN}`
    }
  if (isElsewhere && isLocal(page) && isLocal(api))
    return {
      setting: '--api',
      text: `${page.origin} and ${api.origin} are two sites for a browser, which sends no cookie of one from pages of the other. Use the same name and scheme for both`
    }
  if (isElsewhere && sameSite !== 'none' && isAppOrigin(originOf(page)))
    return {
      setting: 'COOKIE_SAME_SITE',
      text: 'The page of an app is of another site than the service, and gets no cookie with SameSite=Lax or Strict back to it. Let the app log in by tokens (--no-cookies), or set COOKIE_SAME_SITE=none'
    }
  if (isElsewhere && sameSite !== 'none')
    return {
      setting: 'COOKIE_SAME_SITE',
      text: 'The page is of another site than the service, and browsers send no cookie with SameSite=Lax or Strict from there. Set COOKIE_SAME_SITE=none, or give both names under one domain'
    }
  if (isElsewhere && !partitioned)
    return {
      setting: 'the proxy',
      text: `Browsers that block third-party cookies drop it, since it is not Partitioned. ${REWRITTEN}`
    }
  return null
}
