import { STATUS_CODES } from 'node:http'
import type { FastifyError } from 'fastify'
import Type, { type Static } from 'typebox'

const limit = Type.Optional(Type.Number())
/** Why a member is refused, with the limit that it breaks: `{ pointer: '/name', code: 'TOO_LONG', detail, maxLength: 120 }`. */
const MemberError = Type.Object({
  pointer: Type.String({ description: 'The member, as a JSON Pointer (RFC 6901)' }),
  code: Type.String({ description: 'Stable, in capitals, for clients to decide by' }),
  detail: Type.String({ description: 'A sentence to show next to the field' }),
  ...{
    minLength: limit,
    maxLength: limit,
    minItems: limit,
    maxItems: limit,
    minProperties: limit,
    maxProperties: limit
  },
  ...{ minimum: limit, maximum: limit, exclusiveMinimum: limit, exclusiveMaximum: limit, multipleOf: limit },
  type: Type.Optional(Type.String()),
  format: Type.Optional(Type.String()),
  enum: Type.Optional(Type.Array(Type.Unknown())),
  const: Type.Optional(Type.Unknown())
})
export type MemberError = Static<typeof MemberError>

/** The RFC 9457 body, with a stable `code`. Routes refer to it by name: see `problems`. */
export const Problem = Type.Object(
  {
    title: Type.String({ description: 'The status phrase' }),
    status: Type.Integer(),
    code: Type.String({ description: 'Stable, in capitals, for clients to decide by' }),
    detail: Type.String({ description: 'A sentence for people' }),
    requestId: Type.String({ description: 'Also in every log line of the request' }),
    errors: Type.Optional(Type.Array(MemberError, { description: 'The members that are refused, at most 20' }))
  },
  { $id: 'Problem', title: 'Problem' }
)
export type Problem = Static<typeof Problem>

/** A class made with createError. */
export type ErrorType = new (...given: never[]) => FastifyError
/** The reply schema of a failure, and the route's errors with that status, whose codes the API reference lists. */
export type Failure = { description: string; content: object; errors: ErrorType[] }

/**
 * The reply schemas for a route's failures: `...problems(401, NoteNotFound)`. A status stands for the failures of guards and
 * validation, a class for itself.
 */
export function problems(...failures: (number | ErrorType)[]): Record<number, Failure> {
  const replies: Record<number, Failure> = {}
  for (const failure of failures) {
    const [status, own] = typeof failure === 'number' ? [failure, []] : [new failure().statusCode ?? 500, [failure]]
    replies[status] = {
      description: STATUS_CODES[status] ?? 'Failure',
      content: { 'application/problem+json': { schema: Type.Ref('Problem#') } },
      errors: [...(replies[status]?.errors ?? []), ...own]
    }
  }
  return replies
}
