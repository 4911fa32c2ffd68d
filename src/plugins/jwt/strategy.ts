import type { FastifyInstance } from 'fastify'
import { freshUntil } from '../auth/account.ts'
import type { Strategy } from '../auth/strategy.ts'
import { clientAddress } from '../input/address.ts'
import { toUserReply } from '../users/schemas.ts'
import { InvalidToken, TokenRevoked } from './errors.ts'
import { TokenLoginReply } from './schemas.ts'
import type { Tokens } from './tokens.ts'

/** The token of `Authorization: Bearer …` (RFC 6750, 2.1); null for another scheme or none. Throws INVALID_TOKEN. */
export function bearerToken(authorization: string | undefined) {
  if (authorization === undefined || !/^bearer([ \t]|$)/i.test(authorization)) return null
  const [, token] = /^bearer ([^\s,]+)$/i.exec(authorization) ?? []
  if (token === undefined) throw new InvalidToken()
  return token
}

/** Logins carried by an access token, and by the refresh token that renews it. */
export function createTokenStrategy(app: FastifyInstance, tokens: Tokens): Strategy {
  const { REFRESH_TOKEN_TTL, LOGIN_MAX_AGE, FRESH_FOR } = app.config

  return {
    kind: 'token',
    scheme: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    reply: TokenLoginReply,
    admit() {},
    async signIn(request, _reply, user, remember) {
      const now = new Date()
      const lives = { idleTtl: REFRESH_TOKEN_TTL, maxAge: LOGIN_MAX_AGE }
      const userAgent = request.headers['user-agent']?.slice(0, 256) ?? null
      const carrier = { kind: 'token' as const, secretHash: null, remember, ip: clientAddress(request), userAgent }
      const login = await app.logins.create(user, { ...carrier, ...lives }, now)
      return login && { user: toUserReply(user), ...tokens.issue(login, now) }
    },
    async identify(request) {
      const token = bearerToken(request.headers.authorization)
      if (token === null) return null
      const { sub, sid, auth_time } = tokens.verifyAccess(token, new Date())
      if (await app.isRevoked(sid)) throw Object.assign(new TokenRevoked(), { sid })
      return { userId: sub, sid, kind: 'token', freshUntil: freshUntil(new Date(auth_time * 1000), FRESH_FOR) }
    },
    // The client has the tokens; the blocklist has their login.
    signOut() {}
  }
}
