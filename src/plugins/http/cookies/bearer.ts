import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a request has a bearer token, even a malformed one (RFC 6750, 2.1). Its cookies then do not count. Other schemes are
 * ignored, since a staging site may use Basic.
 */
export function hasBearer({ authorization }: IncomingHttpHeaders) {
  return authorization !== undefined && /^bearer(?![\w-])/i.test(authorization)
}
