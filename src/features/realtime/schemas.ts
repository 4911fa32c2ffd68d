import Type from 'typebox'
import { closed, Limit, Nullable, Time } from '../../plugins/http/schemas.ts'
import { MAX_SEQ } from './messages.ts'

const Seq = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'The number of a message' })
/** The header of a browser that comes back. */
export const LastEventId = { 'last-event-id': Type.Optional(Type.String({ pattern: '^\\d{0,15}$' })) }

export const StreamQuery = Type.Object(
  {
    after: Type.Optional({
      ...Seq,
      description: 'Begins after this message. `Last-Event-ID` takes precedence'
    } as typeof Seq),
    ticket: Type.Optional(
      Type.String({ description: 'From `POST /api/realtime/tickets`, in place of a cookie or token' })
    )
  },
  closed
)
export const StreamReply = {
  description: 'Server-sent events: `ready`, `message`, `reset`, and `bye`',
  content: { 'text/event-stream': { schema: Type.String() } }
}
export const TicketReply = Type.Object(
  { ticket: Type.String(), expiresIn: Type.Integer({ description: 'In seconds' }) },
  closed
)

const Notification = Type.Object(
  {
    seq: Type.Integer(),
    type: Type.String({ examples: ['note.shared'] }),
    data: Type.Unknown({ description: 'Depends on the type' }),
    createdAt: Time,
    readAt: Nullable(Time)
  },
  closed
)
export const NotificationsQuery = Type.Object(
  {
    before: Type.Integer({ minimum: 1, maximum: MAX_SEQ, default: MAX_SEQ, description: 'Lists older ones than this' }),
    limit: Limit(20)
  },
  closed
)
export const NotificationsReply = Type.Object(
  {
    notifications: Type.Array(Notification),
    unread: Type.Integer(),
    seq: Type.Integer({ description: 'Open the stream with this as `after`: it continues the list without a gap' })
  },
  closed
)
export const ReadBody = Type.Object({ upTo: Type.Integer({ minimum: 0, maximum: MAX_SEQ }) }, closed)
