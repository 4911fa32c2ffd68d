import { BlockList, isIP } from 'node:net'
import type { Settings } from '../src/plugins/platform/config/settings.ts'
import { isLocalOrigin } from './doctor-browser.ts'

/** A mistake that valid settings can still contain. */
export type SettingsRule = {
  /** True when all is well. */
  title: string
  /** Which setting to change. */
  setting: string
  isBroken: (settings: Settings) => boolean
  /** The consequence, and what to do. Never contains a value. */
  text: string
}

const prefixOf = (range: string) => Number(range.split('/')[1] ?? 128)
const isWide = (range: string) => prefixOf(range) < (range.includes(':') ? 7 : 8)
const isLoopback = (host: string) => /^(localhost|127\..*|::1)$/.test(host)

/** Whether one of these ranges includes a loopback address. */
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
    text: 'With COOKIE_SECURE=true, browsers connect through an HTTPS proxy, but TRUST_PROXY is empty. All clients then share the address of the proxy, one request limit, and one limit for failed logins. Set TRUST_PROXY to the addresses that the proxy connects from'
  },
  {
    title: 'The service trusts only its proxy',
    setting: 'TRUST_PROXY',
    isBroken: ({ TRUST_PROXY }) => TRUST_PROXY.some(isWide),
    text: 'TRUST_PROXY includes a large part of the internet, and anyone there can claim any client address. List only the addresses of your proxies'
  },
  {
    title: 'The proxy can reach the service',
    setting: 'HOST',
    isBroken: ({ HOST, TRUST_PROXY }) => isLoopback(HOST) && TRUST_PROXY.length > 0 && !includesLoopback(TRUST_PROXY),
    text: 'The service listens only on this machine, but according to TRUST_PROXY the proxy is on another one, so it cannot connect. Set HOST=0.0.0.0'
  },
  {
    title: 'Security events are logged',
    setting: 'LOG_LEVEL',
    isBroken: ({ LOG_LEVEL }) => ['fatal', 'error', 'silent'].includes(LOG_LEVEL),
    text: 'With this LOG_LEVEL, the log has no warnings, so failed logins and stolen tokens go unnoticed. Set LOG_LEVEL=info'
  },
  {
    title: 'No page on localhost may act for a user',
    setting: 'CORS_API_ORIGINS',
    isBroken: ({ CORS_API_ORIGINS, COOKIE_SECURE }) => COOKIE_SECURE && CORS_API_ORIGINS.some(isLocalOrigin),
    text: "CORS_API_ORIGINS lists an origin on localhost: any program that listens there on a user's machine could act for that user. Remove it"
  },
  {
    title: 'No page served over plain HTTP may act for a user',
    setting: 'CORS_API_ORIGINS',
    isBroken: ({ CORS_API_ORIGINS, COOKIE_SECURE }) =>
      COOKIE_SECURE && CORS_API_ORIGINS.some((origin) => origin.startsWith('http:') && !isLocalOrigin(origin)),
    text: 'CORS_API_ORIGINS lists an http: origin: anyone on the network can inject a script into its pages and act for their users. List the https: origin instead'
  },
  {
    title: 'The API reference is not public',
    setting: 'API_DOCS',
    // Undefined once the docs were removed.
    isBroken: ({ API_DOCS, COOKIE_SECURE }: Settings & { API_DOCS?: boolean }) => API_DOCS === true && COOKIE_SECURE,
    text: 'API_DOCS=true shows every call to everyone at /docs (ASVS 13.4.5). Set API_DOCS=false'
  }
]
