import Type from 'typebox'
import { closed, IdCursor, Limit, NextCursor, Time } from '../../plugins/http/schemas.ts'

const title = Type.String({ minLength: 1, maxLength: 200, examples: ['Groceries'] })
const text = Type.String({ maxLength: 10_000, examples: ['Milk, bread'] })

export const NoteBody = Type.Object({ title, text }, closed)
export const NoteChanges = Type.Object(
  { title: Type.Optional(title), text: Type.Optional(text) },
  { ...closed, minProperties: 1 }
)
export const NoteReply = Type.Object(
  { id: Type.String(), title: Type.String(), text: Type.String(), createdAt: Time, updatedAt: Time },
  closed
)

export const ListQuery = Type.Object({ limit: Limit(20), cursor: IdCursor }, closed)
export const ListReply = Type.Object({ notes: Type.Array(NoteReply), nextCursor: NextCursor }, closed)
