import Type, { type Static } from 'typebox'
import { closed } from '../../http/schemas.ts'

/** The members of a login reply by token, next to `user`. */
export const tokenMembers = {
  tokenType: Type.Literal('Bearer'),
  accessToken: Type.String(),
  expiresIn: Type.Integer({ description: 'Seconds until the access token expires (RFC 6749, 5.1)' }),
  refreshToken: Type.Optional(Type.String({ description: 'Missing with `refreshIn: "cookie"`: a cookie holds it' })),
  refreshExpiresIn: Type.Integer({ description: 'Seconds until the refresh token expires' })
}

export const TokenReply = Type.Object(tokenMembers, closed)
export type TokenReply = Static<typeof TokenReply>

/** Where the client gets its refresh token: in the reply, or in a cookie that scripts cannot read. */
export const RefreshIn = Type.Optional(Type.Enum(['body', 'cookie'], { default: 'body' }))

/** Any text: one that is not a token is a 401, like every other invalid token. */
export const RefreshBody = Type.Object({ refreshToken: Type.String() }, closed)
