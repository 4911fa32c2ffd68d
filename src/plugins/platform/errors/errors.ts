import { STATUS_CODES } from 'node:http'
import createError, { type FastifyErrorConstructor } from '@fastify/error'

/** What every 5xx tells the client. The cause is in the log (ASVS 5.0, 16.5.1). */
export const SERVER_ERROR_DETAIL = 'The service could not handle this request; please try again later'

export const ValidationFailed = createError('VALIDATION_FAILED', 'Some of the values are not valid', 400)
export const MalformedJson = createError('MALFORMED_JSON', 'The body is not valid JSON in UTF-8', 400)
export const MalformedRequest = createError('MALFORMED_REQUEST', 'The request is not valid HTTP', 400)
export const Unauthenticated = createError('UNAUTHENTICATED', 'Sign in to continue', 401)
export const NotFound = createError('NOT_FOUND', 'There is nothing at this URL', 404)
export const MethodNotAllowed = createError('METHOD_NOT_ALLOWED', 'This URL does not support this method', 405)
export const RequestTimeout = createError('REQUEST_TIMEOUT', 'The request took too long to arrive', 408)
export const PayloadTooLarge = createError('PAYLOAD_TOO_LARGE', 'The body is too large', 413)
const UriTooLong = createError('URI_TOO_LONG', 'The URL is too long', 414)
export const UnsupportedMediaType = createError(
  'UNSUPPORTED_MEDIA_TYPE',
  'The body must be uncompressed application/json',
  415
)
export const ExpectationFailed = createError(
  'EXPECTATION_FAILED',
  'The only supported Expect header is 100-continue',
  417
)
export const RateLimited = createError('RATE_LIMITED', 'Too many requests; please slow down', 429)
export const HeadersTooLarge = createError('HEADERS_TOO_LARGE', 'The request headers are too large', 431)
export const InternalError = createError('INTERNAL_ERROR', SERVER_ERROR_DETAIL, 500)
export const ServiceUnavailable = createError('SERVICE_UNAVAILABLE', SERVER_ERROR_DETAIL, 503)

const byStatus: Record<number, FastifyErrorConstructor> = {
  400: MalformedRequest,
  404: NotFound,
  405: MethodNotAllowed,
  408: RequestTimeout,
  413: PayloadTooLarge,
  414: UriTooLong,
  415: UnsupportedMediaType,
  417: ExpectationFailed,
  429: RateLimited,
  431: HeadersTooLarge,
  503: ServiceUnavailable
}

/** The error for a status that a package reports: one of the above, or for any other 4xx one named after its phrase. */
export function errorByStatus(status = 500): FastifyErrorConstructor {
  const phrase = status >= 400 && status < 500 && STATUS_CODES[status]
  if (byStatus[status] || !phrase) return byStatus[status] ?? InternalError
  return createError(phrase.toUpperCase().replaceAll(/\W+/g, '_'), phrase, status)
}
