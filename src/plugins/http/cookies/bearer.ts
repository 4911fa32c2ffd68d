import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a request has a bearer token, even a malformed one (RFC 6750, 2.1). Its cookies then do not count. Other schemes are
 * ignored, since a staging site may use Basic.
 */
export function hasBearer({ authorization }: IncomingHttpHeaders) {
  return authorization !== undefined && /^bearer(?![\w-])/i.test(authorization)
}

/** The token of `Authorization: Bearer …`; null if there is none, or it is malformed. */
export function readBearer({ authorization = '' }: IncomingHttpHeaders) {
  return /^bearer ([^\s,]+)$/i.exec(authorization)?.[1] ?? null
}
