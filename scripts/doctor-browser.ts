import { getDomain } from 'tldts'
import { isAppOrigin } from '../src/plugins/http/cors/env.ts'

// The rules of browsers for requests and cookies. A site is a scheme and a registrable domain, by the public suffix list
// (HTML, "same site"; RFC 6265bis, 5.2).

/** The origin of a page as browsers send it. Node's own is "null" for the pages of an app, such as capacitor://localhost. */
export const originOf = ({ protocol, host }: URL) => `${protocol}//${host}`

/** Whether an origin is on the browser's own machine. */
export const isLocalOrigin = (origin: string) =>
  /^https?:\/\/(([\w-]+\.)*localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(origin)

/** An address that browsers trust without HTTPS, because it is on their own machine. */
export const isLocal = (url: URL) => isLocalOrigin(url.origin)

const siteOf = ({ protocol, hostname }: URL) =>
  `${protocol}//${getDomain(hostname, { allowPrivateDomains: true }) ?? hostname}`

/** What a browser says in Sec-Fetch-Site when this page calls that service. */
export function fetchSite(page: URL, api: URL) {
  if (originOf(page) === api.origin) return 'same-origin'
  return siteOf(page) === siteOf(api) ? 'same-site' : 'cross-site'
}

/** A cookie as a browser receives it. */
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

const REWRITTEN = 'Something between the browser and the service rewrites cookies'

/** Why a browser does not store this cookie or does not send it from this page, and the setting to change; null if it does both. */
export function judgeCookie(cookie: Cookie, page: URL, api: URL): { setting: string; text: string } | null {
  const { name, secure, path, domain, sameSite, partitioned } = cookie
  const isHostBound = secure && path === '/' && domain === undefined
  const isElsewhere = fetchSite(page, api) === 'cross-site'
  if (secure && api.protocol === 'http:' && !isLocal(api))
    return { setting: '--api', text: 'Browsers drop a Secure cookie that they get over plain HTTP: see above' }
  if (secure && api.protocol === 'http:')
    return {
      setting: 'COOKIE_SECURE',
      text: 'Some browsers drop a Secure cookie that they get over plain HTTP, even from localhost. Set COOKIE_SECURE=false, but only on your own machine'
    }
  if (!secure && api.protocol === 'https:')
    return {
      setting: 'COOKIE_SECURE',
      text: 'Without Secure, browsers send the cookie over plain HTTP too, where others can read and overwrite it. Set COOKIE_SECURE=true, which also turns on HSTS'
    }
  if ((name.startsWith('__Secure-') && !secure) || (name.startsWith('__Host-') && !isHostBound))
    return {
      setting: 'the proxy',
      text: `Browsers drop the cookie ${name}, because its prefix requires Secure, Path=/, and no Domain. ${REWRITTEN}`
    }
  if (isElsewhere && isLocal(page) && isLocal(api))
    return {
      setting: '--api',
      text: `To browsers, ${page.origin} and ${api.origin} are different sites, so they do not send cookies from one to the other. Use the same host name and scheme for both`
    }
  if (isElsewhere && sameSite !== 'none' && isAppOrigin(originOf(page)))
    return {
      setting: 'COOKIE_SAME_SITE',
      text: 'The page of an app is on a different site than the service, so cookies with SameSite=Lax or Strict are not sent. Log in with tokens in the app (--no-cookies), or set COOKIE_SAME_SITE=none'
    }
  if (isElsewhere && sameSite !== 'none')
    return {
      setting: 'COOKIE_SAME_SITE',
      text: 'The page is on a different site than the service, so browsers do not send cookies with SameSite=Lax or Strict. Set COOKIE_SAME_SITE=none, or serve both under one domain'
    }
  if (isElsewhere && !partitioned)
    return {
      setting: 'the proxy',
      text: `Browsers that block third-party cookies drop the cookie, because it is not Partitioned. ${REWRITTEN}`
    }
  return null
}
