import { BlockList, isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')
/** IPv4 in IPv6, as a socket for both shows it, is IPv4. */
const unmapped = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, '')

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
  return function isProxy(text: string) {
    const address = unmapped(text)
    return isIP(address) !== 0 && proxies.check(address, familyOf(address))
  }
}

/**
 * The client's address: the right-most one in X-Forwarded-For that is no proxy of TRUST_PROXY, else the connection's. What is
 * no address counts as none; the zone of a link-local one, any text of any length, is left out.
 */
export function clientAddress({ ip, socket }: FastifyRequest) {
  const address = isIP(ip) ? ip : (socket.remoteAddress ?? '')
  return unmapped(address.replace(/%.*$/, ''))
}
