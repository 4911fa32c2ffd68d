import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { closed } from '../schemas.ts'

const NoMembers = Type.Object({}, closed)

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
