import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'

/**
 * The client's address: the right-most one in X-Forwarded-For that is no proxy of TRUST_PROXY, else the connection's. What is
 * no address counts as none; IPv4 in IPv6 is IPv4, and the zone of a link-local one, any text of any length, is left out.
 */
export function clientAddress({ ip, socket }: FastifyRequest) {
  const address = isIP(ip) ? ip : (socket.remoteAddress ?? '')
  return address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '')
}
