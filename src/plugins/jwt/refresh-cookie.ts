import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Settings } from '../config/settings.ts'
import { hasBearer } from '../cookies/bearer.ts'
import { createCookie } from '../cookies/cookie.ts'
import type { Login } from '../db/types.ts'
import type { TokenReply } from './schemas.ts'
import type { Tokens } from './tokens.ts'

export type RefreshCookie = ReturnType<typeof createRefreshCookie>

/**
 * The refresh token in a cookie that no script can read and that goes to /api/auth alone, for logins that asked for it
 * (`refreshIn: "cookie"`). The row of a login knows, so that a renewed login keeps to it.
 */
export function createRefreshCookie(settings: Settings, tokens: Tokens) {
  // It has a path, which forbids the prefix __Host- (RFC 6265bis, 4.1.3).
  const carrier = createCookie(settings, settings.COOKIE_SECURE ? '__Secure-refresh' : 'refresh', '/api/auth')
  const tokenOf = ({ cookies }: FastifyRequest) => cookies[carrier.name]

  return {
    /** The token of the cookie; none beside a bearer token, where cookies do not count. */
    read: (request: FastifyRequest) => (hasBearer(request.headers) ? undefined : tokenOf(request)),
    /** The `sid` of the login that the browser has a cookie of; null: of none. */
    findLogin(request: FastifyRequest) {
      const token = tokenOf(request)
      try {
        return token === undefined ? null : tokens.verifyRefresh(token, new Date()).sid
      } catch {
        return null
      }
    },
    /** The reply with the tokens of a login, or the cookie and what is left of the reply. */
    deliver(reply: FastifyReply, login: Login, now: Date): TokenReply {
      const issued = tokens.issue(login, now)
      if (!login.refreshInCookie) return issued
      const { refreshToken, ...members } = issued
      carrier.set(reply, refreshToken, login.remember ? members.refreshExpiresIn : null)
      return members
    },
    clear: (reply: FastifyReply) => carrier.clear(reply)
  }
}
