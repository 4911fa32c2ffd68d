import Type from 'typebox'
import { closed, IdCursor, NextCursor, NullableString, Time } from '../../plugins/http/schemas.ts'

const EventReply = Type.Object(
  {
    id: Type.String(),
    event: Type.String({ description: 'A name from the OWASP logging vocabulary', examples: ['authn_login_success'] }),
    createdAt: Time,
    sessionId: NullableString,
    kind: NullableString,
    reason: NullableString,
    ip: NullableString,
    userAgent: NullableString
  },
  closed
)

export const EventsQuery = Type.Object({ cursor: IdCursor }, closed)
export const EventsReply = Type.Object({ events: Type.Array(EventReply), nextCursor: NextCursor }, closed)
