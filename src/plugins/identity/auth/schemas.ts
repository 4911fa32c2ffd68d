import Type, { type TSchema } from 'typebox'
import { Cursor, closed, Limit, NextCursor, NullableString, Time } from '../../http/schemas.ts'
import { UUID_PATTERN } from '../../platform/db/ids.ts'
import { Email, KnownPassword, Name, NewPassword, Username } from '../users/schemas.ts'
import type { Strategy, StrategyOpenApi } from './strategy.ts'

const Kind = Type.Enum(['cookie', 'token'])

export const StatusReply = Type.Object({ status: Type.String() }, closed)

export function SignUpBody(passwordMinLength: number) {
  return Type.Object({ username: Username, email: Email, name: Name, password: NewPassword(passwordMinLength) }, closed)
}

export function SignUpReply(user: TSchema, added: ReadonlyMap<string, { schema: TSchema }>) {
  const members = [...added].map(([name, { schema }]) => [name, Type.Optional(schema)] as const)
  return Type.Object({ user, ...Object.fromEntries(members) }, closed)
}

/** What the body of every way to log in has next to its proof. Each strategy reads its own members. */
export function sessionOptions(strategies: Strategy[]) {
  const members = {
    authType: Type.Enum(strategies.map(({ kind }) => kind)),
    remember: Type.Optional(
      Type.Boolean({
        default: true,
        description: 'false: the session ends when the browser closes, or after 12 idle hours'
      })
    )
  }
  return Object.assign({}, members, ...strategies.map(({ openapi }) => openapi.options)) as typeof members
}
export function LoginBody(strategies: Strategy[]) {
  const usernameOrEmail = Type.String({ minLength: 1, maxLength: 254, examples: ['ada'] })
  return Type.Object({ usernameOrEmail, password: KnownPassword, ...sessionOptions(strategies) }, closed)
}
/** The reply of one of the strategies. Each schema is closed: the first one that matches is used, and unlisted members are dropped. */
export function LoginReply(contracts: StrategyOpenApi[], user: TSchema) {
  const replies = contracts.map(({ members }) => Type.Object({ user, ...members }, closed))
  return replies.length === 1 && replies[0] ? replies[0] : Type.Union(replies)
}

/** The password, or one of the members that features added. */
export function ReauthenticateBody(others: ReadonlyMap<string, { schema: TSchema }>) {
  const members = [...others].map(([name, { schema }]) => [name, Type.Optional(schema)] as const)
  const own = { password: Type.Optional(KnownPassword) }
  const one = { ...closed, minProperties: 1, maxProperties: 1 }
  if (members.length > 0) return Type.Object(Object.assign(own, Object.fromEntries(members)) as typeof own, one)
  return Type.Object({ password: KnownPassword }, closed)
}

/** The replies of a renewal, by status, for all strategies. Strategies with the same status share its reply. */
export function renewedReplies(contracts: StrategyOpenApi[]): Record<number, TSchema> {
  return Object.assign({}, ...contracts.map(({ renewed }) => renewed))
}

export const WhoamiReply = Type.Object(
  { userId: Type.String(), sessionId: Type.String(), kind: Kind, freshUntil: Time },
  closed
)

const CurrentSession = Type.Object(
  { id: Type.String(), kind: Kind, createdAt: Time, expiresAt: Time, absoluteExpiresAt: Time, freshUntil: Time },
  closed
)
export function CheckAuthReply<User extends TSchema>(user: User) {
  const members = { authenticated: Type.Boolean(), user: Type.Optional(user), session: Type.Optional(CurrentSession) }
  return Type.Object(members, closed)
}

const ListedSession = Type.Object(
  {
    id: Type.String(),
    kind: Kind,
    current: Type.Boolean({ description: 'Whether this is the session of the request' }),
    createdAt: Time,
    lastSeenAt: Time,
    expiresAt: Time,
    ip: NullableString,
    userAgent: NullableString
  },
  closed
)
export const SessionList = Type.Object({ sessions: Type.Array(ListedSession), nextCursor: NextCursor }, closed)
/** `cursor` is the time in ms and the id of the last session of a page. */
export const SessionListQuery = Type.Object(
  { cursor: Cursor(`^\\d{1,14}_${UUID_PATTERN.slice(1)}`), limit: Limit(50) },
  closed
)
export const RevokeAllQuery = Type.Object(
  { keepCurrent: Type.Optional(Type.Boolean({ description: 'true: keeps the session of this request' })) },
  closed
)
