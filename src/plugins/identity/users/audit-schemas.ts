import Type from 'typebox'
import { UUID_PATTERN } from '../../platform/db/ids.ts'
import { Time } from './schemas.ts'

const closed = { additionalProperties: false }
const Nullable = Type.Union([Type.String(), Type.Null()])

const EventReply = Type.Object(
  {
    id: Type.String(),
    event: Type.String({ description: 'As in the OWASP logging eventTypes', examples: ['authn_login_success'] }),
    createdAt: Time,
    sessionId: Nullable,
    kind: Nullable,
    reason: Nullable,
    ip: Nullable,
    userAgent: Nullable
  },
  closed
)

export const EventsQuery = Type.Object(
  { cursor: Type.Optional(Type.String({ pattern: UUID_PATTERN, description: 'nextCursor of the page before' })) },
  closed
)
export const EventsReply = Type.Object(
  {
    events: Type.Array(EventReply),
    nextCursor: Type.Union([Type.String(), Type.Null()], { description: 'null: the last page' })
  },
  closed
)
