import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { closed } from '../schemas.ts'

const NoMembers = Type.Object({}, closed)

/**
 * A route without a body schema reads no body, so it takes none and `{}`: what a client sends in vain is a mistake that it
 * should hear of (ASVS 5.0, 15.3.3). Throws VALIDATION_FAILED.
 */
export function refuseUnreadBody(request: FastifyRequest, body: unknown) {
  if (body === undefined || request.is404 || request.routeOptions.schema?.body) return
  const validate = request.compileValidationSchema(NoMembers as never, 'body')
  // The shape that Fastify gives a fault of a declared body.
  if (!validate(body)) throw Object.assign(new Error('Unread body'), { validation: validate.errors })
}
