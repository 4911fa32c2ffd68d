import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { UnsupportedMediaType } from '../../platform/errors/errors.ts'
import { closed } from '../schemas.ts'

const NoMembers = Type.Object({}, closed)

/** Whether the headers say that the body is missing or empty (RFC 9112, 6.3). */
export function hasNoBody({ 'content-length': length, 'transfer-encoding': coding }: IncomingHttpHeaders) {
  return coding === undefined && Number(length ?? 0) === 0
}

/**
 * Refuses a body that is not JSON, unless it is empty, which a chunked body only shows at its end. An unknown path gets a 404
 * whatever the body is.
 */
export function refuseBody(
  { headers, is404 }: FastifyRequest,
  body: IncomingMessage,
  done: (error: Error | null, body?: unknown) => void
) {
  if (is404) return done(null)
  if (headers['content-length'] !== undefined) return done(new UnsupportedMediaType())
  function end(error: Error | null) {
    body.off('data', refuse).off('end', accept).off('error', end)
    done(error)
  }
  const refuse = () => end(new UnsupportedMediaType())
  const accept = () => end(null)
  body.on('data', refuse).on('end', accept).on('error', end)
}

/**
 * Refuses a body that nobody reads: a route without a body schema accepts none or `{}`, so that a client learns of its
 * mistake (ASVS 5.0, 15.3.3). Throws VALIDATION_FAILED.
 */
export function refuseUnreadBody(request: FastifyRequest, body: unknown) {
  if (body === undefined || request.is404 || request.routeOptions.schema?.body) return
  const validate = request.compileValidationSchema(NoMembers as never, 'body')
  // The shape of Fastify's own validation errors.
  if (!validate(body)) throw Object.assign(new Error('Unread body'), { validation: validate.errors })
}
