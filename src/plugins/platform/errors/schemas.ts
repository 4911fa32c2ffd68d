import { STATUS_CODES } from 'node:http'
import type { FastifyError } from 'fastify'
import Type, { type Static } from 'typebox'

/** RFC 9457; `code` is ours and stable. Routes refer to it by name: see `problems`. */
export const Problem = Type.Object(
  {
    title: Type.String({ description: 'The status phrase' }),
    status: Type.Integer(),
    code: Type.String({ description: 'Stable, in capitals: what a client decides on' }),
    detail: Type.String(),
    requestId: Type.String({ description: 'Also in each line of the log' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String({ description: 'The member at fault, as JSON pointer (RFC 6901)' }),
          detail: Type.String()
        })
      )
    )
  },
  { $id: 'Problem', title: 'Problem' }
)
export type Problem = Static<typeof Problem>

/** An error made with createError, or a class of such. */
export type ErrorType = new (...given: never[]) => FastifyError
/** The reply schema of a failure, and the errors of the route that have its status: their codes are in the reference. */
export type Failure = { description: string; content: object; errors: ErrorType[] }

/**
 * The reply schemas for the failures of a route: `...problems(401, NoteNotFound)`. A status stands for what guards and validation
 * answer with it, an error for itself.
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
