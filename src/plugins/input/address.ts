import { BlockList, isIP, isIPv4 } from 'node:net'
import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import { createRecent } from './recent.ts'

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')
/** IPv4 in IPv6, as a socket for both shows it, is IPv4. */
const unmapped = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, '')

const REMEMBERED_ADDRESSES = 1000
/** The longest address, IPv4 in IPv6; zones, any text of any length, are not remembered. */
const LONGEST_ADDRESS = 45

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

  function look(text: string) {
    const address = unmapped(text)
    return isIP(address) !== 0 && proxies.check(address, familyOf(address))
  }
  return function isProxy(text: string) {
    const known = recent.get(text)
    if (known !== undefined) return known
    const found = look(text)
    if (text.length <= LONGEST_ADDRESS) recent.set(text, found)
    return found
  }
}

function findAddress({ ip, socket }: FastifyRequest) {
  if (isIPv4(ip)) return ip
  const address = isIP(ip) ? ip : (socket.remoteAddress ?? '')
  return unmapped(address.replace(/%.*$/, ''))
}

const known: unique symbol = Symbol('clientAddress')

/**
 * The client's address: the right-most one in X-Forwarded-For that is no proxy of TRUST_PROXY, else the connection's. What is
 * no address counts as none; the zone of a link-local one, any text of any length, is left out.
 */
export function clientAddress(request: FastifyRequest & { [known]?: string }) {
  request[known] ??= findAddress(request)
  return request[known]
}

/** What limits count as one client: an IPv4 address, or the /64 that an IPv6 address is in. */
export function networkOf(address: string) {
  return address.includes(':') ? normalizeIP(address) : address
}
