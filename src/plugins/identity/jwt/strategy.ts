import type { FastifyInstance, FastifyRequest } from 'fastify'
import { hasBearer } from '../../http/cookies/bearer.ts'
import { logEvent } from '../../platform/audit/log.ts'
import { type Account, freshUntil } from '../auth/account.ts'
import { isLive } from '../auth/sessions.ts'
import type { Strategy } from '../auth/strategy.ts'
import { causeOf, InvalidToken, TokenExpired, TokenRevoked } from './errors.ts'
import { RefreshIn, TokenLoginReply, TokenReply } from './schemas.ts'

/** The token of `Authorization: Bearer …` (RFC 6750, 2.1). Throws INVALID_TOKEN where it is malformed. */
function bearerToken(authorization = '') {
  const [, token] = /^bearer ([^\s,]+)$/i.exec(authorization) ?? []
  if (token === undefined) throw new InvalidToken()
  return token
}

/** Logins carried by an access token, and by the refresh token that renews it. */
export function createTokenStrategy(app: FastifyInstance): Strategy {
  const { tokens, refreshCookie } = app
  const { ACCESS_TOKEN_TTL, REFRESH_TOKEN_TTL, FRESH_FOR } = app.config
  const asksForCookie = ({ body }: FastifyRequest) => (body as { refreshIn?: string }).refreshIn === 'cookie'

  async function identify(request: FastifyRequest): Promise<Account> {
    try {
      const token = bearerToken(request.headers.authorization)
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
    refusals: [InvalidToken, TokenExpired, TokenRevoked],
    scheme: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'An access token (RFC9068), checked as RFC8725 says'
    },
    reply: TokenLoginReply,
    renewed: { 200: TokenReply },
    idleTtl: REFRESH_TOKEN_TTL,
    loginMembers: { refreshIn: RefreshIn },
    assertAllowed(request) {
      if (asksForCookie(request)) app.refuseForeignPage(request)
    },
    async findReplaced(request) {
      // Tokens of another login the client keeps as it likes, but of this cookie a browser has one.
      const sid = asksForCookie(request) ? refreshCookie.findLogin(request) : null
      const former = sid === null ? null : await app.sessions.find(sid)
      return former && isLive(former, new Date()) ? former : null
    },
    async issue(request, reply, old) {
      const refreshInCookie = old ? old.refreshInCookie : asksForCookie(request)
      return {
        row: { secretHash: null, refreshInCookie, accessTtl: ACCESS_TOKEN_TTL },
        deliver: async (login, now) => refreshCookie.deliver(reply, login, now)
      }
    },
    identify: (request) => (hasBearer(request.headers) ? identify(request) : null),
    // The client has the tokens, the blocklist has their login; the cookie is another login's, perhaps.
    signOut(request, reply, sid) {
      if (refreshCookie.findLogin(request) === sid) refreshCookie.clear(reply)
    }
  }
}
