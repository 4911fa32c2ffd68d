import { STATUS_CODES } from 'node:http'
import type { FastifySchema } from 'fastify'
import Type from 'typebox'
import * as errors from '../../platform/errors/errors.ts'
import { toMemberError } from '../../platform/errors/member-errors.ts'
import { type CodedError, toProblem } from '../../platform/errors/problem.ts'
import type { ErrorType, Failure } from '../../platform/errors/schemas.ts'
import { CrossOriginRequest } from '../cookies/errors.ts'

type Header = { type: string; description: string; examples: unknown[] }
const header = (type: string, description: string, example: unknown): Header => ({
  type,
  description,
  examples: [example]
})

/** Every reply has these, except those of probes. */
export const LIMIT_HEADERS = {
  'RateLimit-Limit': header('integer', 'Requests per window and client address', 1000),
  'RateLimit-Remaining': header('integer', 'Requests left in this window', 998),
  'RateLimit-Reset': header('integer', 'Seconds until the window ends', 42)
}
const RETRY = { 'Retry-After': header('integer', 'Seconds to wait before trying again', 5) }
const CHALLENGE = {
  'WWW-Authenticate': header('string', 'Bearer, and why a token was refused (RFC 6750, 3)', 'Bearer')
}
const HEADERS: Record<number, Record<string, Header>> = { 401: CHALLENGE, 429: RETRY, 503: RETRY }
const TOO_SHORT = { keyword: 'minLength', instancePath: '/username', schemaPath: '', params: { limit: 3 } }
const REQUEST_ID = '0193f0a2-7d5b-7c3e-9a41-2f6b8c0d1e5f'

/** Failures that a route does not declare: those of hooks and parsers before the handler. */
function undeclared({ querystring }: FastifySchema, isUnsafe: boolean) {
  const { ValidationFailed, MalformedJson, PayloadTooLarge, UnsupportedMediaType } = errors
  return [
    ...(isUnsafe || querystring ? [ValidationFailed] : []),
    // Any request may come with a cookie, and then its origin is checked.
    ...(isUnsafe ? [MalformedJson, PayloadTooLarge, UnsupportedMediaType, CrossOriginRequest] : []),
    ...[errors.MalformedRequest, errors.RateLimited, errors.InternalError, errors.ServiceUnavailable]
  ]
}

function exampleOf(refusal: ErrorType) {
  const error = new refusal() as CodedError
  if (error.code === 'VALIDATION_FAILED') error.errors = [toMemberError(TOO_SHORT)]
  return toProblem(error, REQUEST_ID)
}

/** The response for a status, with an example for each code. */
function describe(status: string, refusals: ErrorType[]) {
  const examples = refusals.map(exampleOf)
  const codes = [...new Set(examples.map(({ code }) => code))]
  const known = Type.Object({ code: Type.Enum(codes as [string, ...string[]]) })
  return {
    description: `${STATUS_CODES[status]}: ${codes.map((code) => `\`${code}\``).join(', ')}`,
    headers: { ...LIMIT_HEADERS, ...HEADERS[Number(status)] },
    content: {
      'application/problem+json': {
        schema: { allOf: [Type.Ref('Problem#'), known] },
        examples: Object.fromEntries(examples.map((value) => [value.code, { value }]))
      }
    }
  }
}

/** The failure responses of a route: those that it declares, `more`, and the undeclared ones. */
export function describeFailures(schema: FastifySchema, isUnsafe: boolean, more: ErrorType[]) {
  const named = Object.values((schema.response ?? {}) as Record<string, Partial<Failure>>).flatMap(
    ({ errors = [] }) => errors
  )
  const all = Map.groupBy(
    [...undeclared(schema, isUnsafe), ...more, ...named],
    (refusal) => `${new refusal().statusCode}`
  )
  return Object.fromEntries([...all].map(([status, refusals]) => [status, describe(status, [...new Set(refusals)])]))
}
