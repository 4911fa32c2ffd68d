import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Account, freshUntil } from '../auth/account.ts'
import type { Strategy } from '../auth/strategy.ts'
import { logEvent } from '../events/log.ts'
import { causeOf, InvalidToken, TokenRevoked } from './errors.ts'
import { TokenLoginReply, TokenReply } from './schemas.ts'
import type { Tokens } from './tokens.ts'

/** The token of `Authorization: Bearer …` (RFC 6750, 2.1); null for another scheme or none. Throws INVALID_TOKEN. */
export function bearerToken(authorization: string | undefined) {
  if (authorization === undefined) return null
  const [, token] = /^bearer ([^\s,]+)$/i.exec(authorization) ?? []
  if (token !== undefined) return token
  if (/^bearer([ \t]|$)/i.test(authorization)) throw new InvalidToken()
  return null
}

/** Logins carried by an access token, and by the refresh token that renews it. */
export function createTokenStrategy(app: FastifyInstance, tokens: Tokens): Strategy {
  const { REFRESH_TOKEN_TTL, FRESH_FOR } = app.config

  async function identify(request: FastifyRequest): Promise<Account | null> {
    try {
      const token = bearerToken(request.headers.authorization)
      if (token === null) return null
      const { sub, sid, auth_time } = tokens.verifyAccess(token, new Date())
      if (await app.isRevoked(sid)) throw new TokenRevoked(sid)
      return { userId: sub, sid, kind: 'token', freshUntil: freshUntil(new Date(auth_time * 1000), FRESH_FOR) }
    } catch (error) {
      if (error instanceof InvalidToken) logEvent(request, 'authn_token_invalid', { reason: causeOf(error) })
      if (error instanceof TokenRevoked) logEvent(request, 'authn_token_reuse', { sid: error.sid }, 'warn')
      throw error
    }
  }

  return {
    kind: 'token',
    scheme: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    reply: TokenLoginReply,
    renewed: { 200: TokenReply },
    idleTtl: REFRESH_TOKEN_TTL,
    admit() {},
    // The client keeps the tokens of another login as it likes.
    replaced: async () => null,
    issue: async () => ({ secretHash: null, deliver: async (login, now) => tokens.issue(login, now) }),
    identify: (request) => (request.headers.authorization === undefined ? null : identify(request)),
    // The client has the tokens; the blocklist has their login.
    signOut() {}
  }
}
