import Type from 'typebox'
import { Time } from '../../plugins/identity/users/schemas.ts'
import { UUID_PATTERN } from '../../plugins/platform/db/ids.ts'

const closed = { additionalProperties: false }
const title = Type.String({ minLength: 1, maxLength: 200, examples: ['Groceries'] })
const text = Type.String({ maxLength: 10_000, examples: ['Milk, bread'] })

export const NoteBody = Type.Object({ title, text }, closed)
export const NoteChanges = Type.Object(
  { title: Type.Optional(title), text: Type.Optional(text) },
  { ...closed, minProperties: 1 }
)
/** An id that cannot be is simply not found. */
export const NoteParams = Type.Object({ id: Type.String() })
export const NoteReply = Type.Object(
  { id: Type.String(), title: Type.String(), text: Type.String(), createdAt: Time, updatedAt: Time },
  closed
)

export const ListQuery = Type.Object(
  {
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
    cursor: Type.Optional(Type.String({ pattern: UUID_PATTERN, description: 'nextCursor of the page before' }))
  },
  closed
)
export const ListReply = Type.Object(
  {
    notes: Type.Array(NoteReply),
    nextCursor: Type.Union([Type.String(), Type.Null()], { description: 'null: the last page' })
  },
  closed
)
