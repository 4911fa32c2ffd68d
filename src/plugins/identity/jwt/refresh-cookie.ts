import type { FastifyReply, FastifyRequest } from 'fastify'
import { hasBearer } from '../../http/cookies/bearer.ts'
import { cookieName, createCookie } from '../../http/cookies/cookie.ts'
import { logEvent } from '../../platform/audit/log.ts'
import type { Settings } from '../../platform/config/settings.ts'
import type { Session } from '../auth/tables.ts'
import { InvalidToken } from './errors.ts'
import type { TokenReply } from './schemas.ts'
import type { Tokens } from './tokens.ts'

export type RefreshCookie = ReturnType<typeof createRefreshCookie>

/**
 * The refresh token in a cookie that no script can read, for logins that asked for it (`refreshIn: "cookie"`). Browsers send it
 * with every call; only a refresh, and a login or logout that replaces or ends its own login, read it. The row of a login knows of
 * it, so that a renewed login keeps to it.
 */
export function createRefreshCookie(settings: Settings, tokens: Tokens) {
  const carrier = createCookie(settings, cookieName(settings, 'refresh'))
  // Its name in version 0.1, where it had a path and so not the prefix __Host-: a sibling subdomain could plant one.
  const former = createCookie(settings, settings.COOKIE_SECURE ? '__Secure-refresh' : 'refresh', '/api/auth')

  return {
    /** The token of the cookie; undefined without one, and beside a bearer token. Two of them are cleared, and INVALID_TOKEN. */
    read(request: FastifyRequest, reply: FastifyReply) {
      if (hasBearer(request.headers)) return undefined
      if (carrier.clearDoubled(reply)) {
        logEvent(request, 'authn_token_invalid', { reason: 'two cookies' })
        throw new InvalidToken()
      }
      return carrier.read(request)
    },
    /** The `sid` of the login that the browser has a cookie of; null: of none. */
    findLogin(request: FastifyRequest) {
      const token = carrier.read(request)
      try {
        return token === undefined ? null : tokens.verifyRefresh(token, new Date()).sid
      } catch {
        return null
      }
    },
    /** The reply with the tokens of a login, or the cookie and what is left of the reply. */
    deliver(reply: FastifyReply, login: Session, now: Date): TokenReply {
      const issued = tokens.issue(login, now)
      if (!login.refreshInCookie) return issued
      const { refreshToken, ...members } = issued
      carrier.set(reply, refreshToken, login.remember ? members.refreshExpiresIn : null)
      return members
    },
    clear: (reply: FastifyReply) => carrier.clear(reply),
    /** Clears the cookie of version 0.1 where one still comes. It is never read. */
    clearFormer(request: FastifyRequest, reply: FastifyReply) {
      if (request.cookies[former.name] !== undefined && !hasBearer(request.headers)) former.clear(reply)
    }
  }
}
