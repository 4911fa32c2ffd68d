import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a request comes with a bearer token (RFC 6750, 2.1), a malformed one included: its cookies do not count then. Any other
 * scheme is as if the header were not there, since a staging site may ask for Basic.
 */
export function hasBearer({ authorization }: IncomingHttpHeaders) {
  return authorization !== undefined && /^bearer(?![\w-])/i.test(authorization)
}
