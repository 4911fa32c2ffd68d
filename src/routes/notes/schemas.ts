import Type, { type Static } from 'typebox'
import { closed, IdCursor, Limit, NextCursor, Nullable, Time } from '../../plugins/http/schemas.ts'

const title = Type.String({ minLength: 1, maxLength: 200, examples: ['Groceries'] })
const text = Type.String({ maxLength: 10_000, examples: ['Milk, bread'] })

const dueAt = Nullable(Time)
const isDone = Type.Boolean()

export const NoteBody = Type.Object({ title, text, dueAt: Type.Optional(dueAt), isDone: Type.Optional(isDone) }, closed)
export type NoteBody = Static<typeof NoteBody>
export const NoteChanges = Type.Partial(NoteBody, { ...closed, minProperties: 1 })
export type NoteChanges = Static<typeof NoteChanges>
export const NoteReply = Type.Object(
  {
    id: Type.String(),
    title: Type.String(),
    text: Type.String(),
    dueAt,
    isDone,
    createdAt: Time,
    updatedAt: Time
  },
  closed
)

export const ListQuery = Type.Object({ limit: Limit(20), cursor: IdCursor }, closed)
export const ListReply = Type.Object({ notes: Type.Array(NoteReply), nextCursor: NextCursor }, closed)
