import { BlockList, isIP, isIPv4 } from 'node:net'
import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

/**
 * The address in an entry of X-Forwarded-For, or ''. Some proxies add a port (`203.0.113.5:51234`, `[2001:db8::7]:443`). A
 * link-local address has a zone (`fe80::1%eth0`), which can be any text. An IPv4-mapped IPv6 address becomes IPv4.
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

/**
 * Fastify's `trustProxy` as a function: whether an address is in these addresses and CIDR ranges. Given the list itself,
 * Fastify would not recognize a proxy whose entry has a port (decision 0048).
 */
export function createProxyList(ranges: readonly string[]) {
  const proxies = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    if (bits === undefined) proxies.addAddress(address, familyOf(address))
    else proxies.addSubnet(address, Number(bits), familyOf(address))
  }
  return function isProxy(entry: string) {
    const address = addressIn(entry)
    return address !== '' && proxies.check(address, familyOf(address))
  }
}

const known: unique symbol = Symbol('clientAddress')

/**
 * The client's address: the right-most address in X-Forwarded-For that is not a proxy of TRUST_PROXY, or else the address of
 * the connection. An entry without a valid address ends the search.
 */
export function clientAddress(request: FastifyRequest & { [known]?: string }) {
  request[known] ??= addressIn(request.ip) || addressIn(request.socket.remoteAddress ?? '')
  return request[known]
}

/** The network that limits count as one client: an IPv4 address, or the /64 of an IPv6 address. */
export function networkOf(address: string) {
  return address.includes(':') ? normalizeIP(address) : address
}
