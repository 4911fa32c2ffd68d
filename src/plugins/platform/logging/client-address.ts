import { BlockList, isIP, isIPv4 } from 'node:net'
import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import { createRecent } from './recent.ts'

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

/**
 * The address in an entry of X-Forwarded-For, or ''. Some proxies add a port (`203.0.113.5:51234`, `[2001:db8::7]:443`), and a
 * link-local address has a zone (`fe80::1%eth0`), which may be any text. IPv4 in IPv6, as a socket for both shows it, is IPv4.
 */
function addressIn(entry: string) {
  if (isIPv4(entry)) return entry
  const address = entry
    .replace(/^\[(.*)\](:\d{1,5})?$/, '$1')
    .replace(/^([\d.]+):\d{1,5}$/, '$1')
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=\d+\.)/i, '')
  return isIP(address) === 0 ? '' : address
}

const REMEMBERED_ADDRESSES = 1000

/**
 * Tells which addresses are those of a reverse proxy, from addresses and CIDR ranges. Fastify asks it about each address of
 * X-Forwarded-For from the right; its own check parses both sides each time, which costs a request ten times as much.
 */
export function createProxyList(ranges: readonly string[]) {
  const proxies = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    if (bits === undefined) proxies.addAddress(address, familyOf(address))
    else proxies.addSubnet(address, Number(bits), familyOf(address))
  }
  const recent = createRecent<boolean>(REMEMBERED_ADDRESSES)

  return function isProxy(entry: string) {
    const address = addressIn(entry)
    if (address === '') return false
    const known = recent.get(address)
    if (known !== undefined) return known
    const found = proxies.check(address, familyOf(address))
    recent.set(address, found)
    return found
  }
}

const known: unique symbol = Symbol('clientAddress')

/**
 * The client's address: the right-most one in X-Forwarded-For that is no proxy of TRUST_PROXY, else the connection's. What is
 * no address counts as none.
 */
export function clientAddress(request: FastifyRequest & { [known]?: string }) {
  request[known] ??= addressIn(request.ip) || addressIn(request.socket.remoteAddress ?? '')
  return request[known]
}

/** What limits count as one client: an IPv4 address, or the /64 that an IPv6 address is in. */
export function networkOf(address: string) {
  return address.includes(':') ? normalizeIP(address) : address
}
