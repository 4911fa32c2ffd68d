import type { FastifyReply, FastifyRequest } from 'fastify'
import { hasBearer } from '../../http/cookies/bearer.ts'
import { cookieName, createCookie } from '../../http/cookies/cookie.ts'
import { logEvent } from '../../platform/audit/log.ts'
import type { Settings } from '../../platform/config/settings.ts'
import { InvalidToken } from '../auth/errors.ts'
import type { Session } from '../auth/tables.ts'
import type { TokenReply } from './schemas.ts'
import type { Tokens } from './tokens.ts'

export type RefreshCookie = ReturnType<typeof createRefreshCookie>

/**
 * The refresh token in a cookie that no script can read, for sessions that asked for it at login (`refreshIn: "cookie"`). Browsers
 * send it with every call; it is read only by a refresh, and by a login or logout that replaces or revokes its own session. The
 * row remembers it, so that a renewed session keeps it.
 */
export function createRefreshCookie(settings: Settings, tokens: Tokens) {
  const cookie = createCookie(settings, cookieName(settings, 'refresh'))
  // Its name in version 0.1. It had a path and so no __Host- prefix: a sibling subdomain could plant one.
  const former = createCookie(settings, settings.COOKIE_SECURE ? '__Secure-refresh' : 'refresh', '/api/auth')

  return {
    /** The token in the cookie; undefined without one, and beside a bearer token. If two came: clears both, INVALID_TOKEN. */
    read(request: FastifyRequest, reply: FastifyReply) {
      if (hasBearer(request.headers)) return undefined
      if (cookie.clearDoubled(reply)) {
        logEvent(request, 'authn_token_invalid', { reason: 'two cookies' })
        throw new InvalidToken()
      }
      return cookie.read(request)
    },
    /** The `sid` of the session whose refresh token is in the cookie, or null. */
    findSession(request: FastifyRequest) {
      const token = cookie.read(request)
      try {
        return token === undefined ? null : tokens.verifyRefresh(token, new Date()).sid
      } catch {
        return null
      }
    },
    /** The token reply of a session. With `refreshInCookie` the refresh token goes into the cookie instead. */
    deliver(reply: FastifyReply, session: Session, now: Date): TokenReply {
      const issued = tokens.issue(session, now)
      if (!session.refreshInCookie) return issued
      const { refreshToken, ...members } = issued
      cookie.set(reply, refreshToken, session.remember ? members.refreshExpiresIn : null)
      return members
    },
    clear: (reply: FastifyReply) => cookie.clear(reply),
    /** Clears the cookie of version 0.1 if a browser still sends it. It is never read. */
    clearFormer(request: FastifyRequest, reply: FastifyReply) {
      if (request.cookies[former.name] !== undefined && !hasBearer(request.headers)) former.clear(reply)
    }
  }
}
