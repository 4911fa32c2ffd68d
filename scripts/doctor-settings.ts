import { BlockList, isIP } from 'node:net'
import { isLocalOrigin } from '../src/plugins/http/cors/env.ts'
import type { Settings } from '../src/plugins/platform/config/settings.ts'

/** A mistake that valid settings may still make. */
export type SettingsRule = {
  /** True when all is well. */
  title: string
  /** Which setting to change. */
  setting: string
  isBroken: (settings: Settings) => boolean
  /** What happens because of it, and what to do; never a value. */
  text: string
}

const prefixOf = (range: string) => Number(range.split('/')[1] ?? 128)
const isWide = (range: string) => prefixOf(range) < (range.includes(':') ? 7 : 8)
const isLoopback = (host: string) => /^(localhost|127\..*|::1)$/.test(host)

/** Whether one of these ranges has the addresses by which a process reaches another on its machine. */
function includesLoopback(ranges: readonly string[]) {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = ''] = range.split('/')
    if (isIP(address) === 6) list.addSubnet(address, prefixOf(range), 'ipv6')
    else list.addSubnet(address, Math.min(prefixOf(range), 32))
  }
  return list.check('127.0.0.1') || list.check('::1', 'ipv6')
}

export const settingsRules: SettingsRule[] = [
  {
    title: 'The service knows its proxy',
    setting: 'TRUST_PROXY',
    isBroken: ({ TRUST_PROXY, COOKIE_SECURE }) => COOKIE_SECURE && TRUST_PROXY.length === 0,
    text: 'COOKIE_SECURE=true says that browsers come by https, hence through a proxy, which TRUST_PROXY does not name: all clients count as one address, with one request limit and one limit of failed logins. Set it to where the connections of the proxy come from'
  },
  {
    title: 'It trusts its proxy alone',
    setting: 'TRUST_PROXY',
    isBroken: ({ TRUST_PROXY }) => TRUST_PROXY.some(isWide),
    text: 'TRUST_PROXY trusts a large part of the internet: whoever is in there can claim any address. List the networks of your proxies'
  },
  {
    title: 'The proxy can reach it',
    setting: 'HOST',
    isBroken: ({ HOST, TRUST_PROXY }) => isLoopback(HOST) && TRUST_PROXY.length > 0 && !includesLoopback(TRUST_PROXY),
    text: 'HOST listens to this machine alone, while TRUST_PROXY expects the proxy on another, which cannot connect. Set HOST=0.0.0.0'
  },
  {
    title: 'Security events are logged',
    setting: 'LOG_LEVEL',
    isBroken: ({ LOG_LEVEL }) => ['fatal', 'error', 'silent'].includes(LOG_LEVEL),
    text: 'LOG_LEVEL leaves out warnings, and with them failed logins and stolen tokens. Set LOG_LEVEL=info'
  },
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
  },
  {
    title: 'The reference page is not public',
    setting: 'API_DOCS',
    isBroken: ({ API_DOCS, COOKIE_SECURE }) => API_DOCS && COOKIE_SECURE,
    text: 'API_DOCS shows every call to everybody, at /docs (ASVS 13.4.5). Set API_DOCS=false'
  }
]
