import { STATUS_CODES } from 'node:http'
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

/** The reply schemas for the failures of a route: `...problems(401, 404)`. */
export function problems(...statuses: number[]) {
  const reply = (status: number) => ({
    description: STATUS_CODES[status] ?? 'Failure',
    content: { 'application/problem+json': { schema: Type.Ref('Problem#') } }
  })
  return Object.fromEntries(statuses.map((status) => [status, reply(status)]))
}
