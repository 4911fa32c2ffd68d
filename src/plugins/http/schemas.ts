import Type, { type Static, type TSchema } from 'typebox'
import { UUID_PATTERN } from '../platform/db/ids.ts'

/** Options of an object that has no other members: a request with one is refused, and a reply leaves it out. */
export const closed = { additionalProperties: false } as const

/**
 * A moment, in requests and replies alike: a `Date` in handlers, ISO 8601 on the wire. A request needs an offset (`Z` or
 * `+02:00`); a time that does not exist is refused with its pointer, like any other malformed member.
 */
export const Time = Type.Unsafe<Date>({ type: 'string', format: 'date-time', toDate: true })

export const Nullable = <T extends TSchema>(schema: T, options = {}) => Type.Union([schema, Type.Null()], options)
export const NullableString = Nullable(Type.String())

/** The reply of a 204. */
export const NoContent = Type.Null({ description: 'Done' })

/** No pattern: an id that cannot exist is simply not found. */
export const IdParams = Type.Object({ id: Type.String() })
export type IdParams = Static<typeof IdParams>

/** Where the next page begins, in the query and in the reply. */
export const Cursor = (pattern: string) =>
  Type.Optional(Type.String({ pattern, description: 'Use `nextCursor` of the previous page' }))
export const IdCursor = Cursor(UUID_PATTERN)
export const NextCursor = Nullable(Type.String(), { description: '`null` on the last page' })
/** How many entries a page has. */
export const Limit = (fallback: number) => Type.Integer({ minimum: 1, maximum: 100, default: fallback })
