import { BlockList, isIP } from 'node:net'
import { duration, integer, list, text } from './kinds.ts'
import type { Rule } from './rules.ts'

/** An address (without a zone) or a CIDR range. Names, `true` and hop counts would trust strangers (CVE-2026-16732). */
function isAddressRange(item: string) {
  const [address = '', prefix = '32', ...rest] = item.split('/')
  const bits = isIP(address) === 6 ? 128 : 32
  return (
    isIP(address) !== 0 &&
    !address.includes('%') &&
    rest.length === 0 &&
    /^\d{1,3}$/.test(prefix) &&
    +prefix > 0 &&
    +prefix <= bits
  )
}

/** How the process is reached and how it stops. */
export const configEnv = {
  HOST: text('localhost', (host) => !/[\s/]/.test(host), 'must be a host name or an address'),
  PORT: integer('3000', 0, 65_535),
  TRUST_PROXY: list(
    isAddressRange,
    'must list addresses or CIDR ranges such as 10.0.0.0/8; true and numbers are refused'
  ),
  SHUTDOWN_DELAY: duration('0s', 0, '1h')
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

export const proxyRules: Rule[] = [
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
  }
]
