import type { FastifyInstance, FastifyRequest } from 'fastify'
import { hasBearer, readBearer } from '../../http/cookies/bearer.ts'
import { logEvent } from '../../platform/audit/log.ts'
import { type Account, toAccount } from '../auth/account.ts'
import { InvalidToken, TokenExpired } from '../auth/errors.ts'
import { isLive } from '../auth/sessions.ts'
import type { SessionOptions, Strategy } from '../auth/strategy.ts'
import { causeOf, TokenRevoked } from './errors.ts'
import { RefreshIn, TokenReply, tokenMembers } from './schemas.ts'

type Dependencies = Pick<
  FastifyInstance,
  'config' | 'tokens' | 'refreshCookie' | 'sessions' | 'isRevoked' | 'refuseForeignPage'
>

/** Sessions carried by an access token, and by the refresh token that renews it. */
export function createTokenStrategy(app: Dependencies): Strategy {
  const { tokens, refreshCookie } = app
  const { ACCESS_TOKEN_TTL, REFRESH_TOKEN_TTL, FRESH_FOR } = app.config
  const asksForCookie = (options: SessionOptions) => options['refreshIn'] === 'cookie'

  async function identify(request: FastifyRequest): Promise<Account> {
    try {
      const token = readBearer(request.headers)
      if (token === null) throw new InvalidToken()
      const { sub, sid, auth_time } = tokens.verifyAccess(token, new Date())
      if (await app.isRevoked(sid)) throw new TokenRevoked(sid)
      const authenticatedAt = new Date(auth_time * 1000)
      return toAccount({ userId: sub, id: sid, kind: 'token', authenticatedAt }, FRESH_FOR)
    } catch (error) {
      if (error instanceof InvalidToken) logEvent(request, 'authn_token_invalid', { reason: causeOf(error) })
      if (error instanceof TokenRevoked) logEvent(request, 'authn_token_reuse', { sid: error.sid }, 'warn')
      throw error
    }
  }

  return {
    kind: 'token',
    idleTtl: REFRESH_TOKEN_TTL,
    openapi: {
      refusals: [InvalidToken, TokenExpired, TokenRevoked],
      scheme: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        // Linters of OpenAPI look for "RFC8725", written like this.
        description: 'The `accessToken` of a login (RFC 9068), verified as RFC8725 requires'
      },
      members: tokenMembers,
      renewed: { 200: TokenReply },
      options: { refreshIn: RefreshIn }
    },
    assertAllowed(request, options) {
      if (asksForCookie(options)) app.refuseForeignPage(request)
    },
    async findReplaced(request, _reply, options) {
      // A client may keep tokens of several sessions, but a browser has only one refresh cookie.
      const sid = asksForCookie(options) ? refreshCookie.findSession(request) : null
      const former = sid === null ? null : await app.sessions.find(sid)
      return former && isLive(former, new Date()) ? former : null
    },
    async issue(_request, asked) {
      const refreshInCookie = 'old' in asked ? asked.old.refreshInCookie : asksForCookie(asked.options)
      return { columns: { secretHash: null, refreshInCookie, accessTtl: ACCESS_TOKEN_TTL } }
    },
    deliver: async (reply, session, _credential, now) => refreshCookie.deliver(reply, session, now),
    identify: (request) => (hasBearer(request.headers) ? identify(request) : null),
    // The server cannot take tokens from the client; the blocklist rejects them. The cookie may belong to another session.
    signOut(request, reply, sid) {
      if (refreshCookie.findSession(request) === sid) refreshCookie.clear(reply)
    }
  }
}
