import Type, { type Static } from 'typebox'
import { closed } from '../../http/schemas.ts'
import { UserReply } from '../users/schemas.ts'

const pair = {
  tokenType: Type.Literal('Bearer'),
  accessToken: Type.String(),
  expiresIn: Type.Integer({ description: 'Seconds until the access token ends (RFC 6749, 5.1)' }),
  refreshToken: Type.Optional(Type.String({ description: 'Not with `refreshIn: "cookie"`: then a cookie has it' })),
  refreshExpiresIn: Type.Integer({ description: 'Seconds until the refresh token ends' })
}

export const TokenReply = Type.Object(pair, closed)
export type TokenReply = Static<typeof TokenReply>
export const TokenLoginReply = Type.Object({ user: UserReply, ...pair }, closed)

/** Where the client will have its refresh token: in the reply, or in a cookie that no script can read. */
export const RefreshIn = Type.Optional(Type.Enum(['body', 'cookie'], { default: 'body' }))

/** Any text: what is no token is a 401 like every other bad one. */
export const RefreshBody = Type.Object({ refreshToken: Type.String() }, closed)
