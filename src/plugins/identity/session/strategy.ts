import { Signer } from '@fastify/cookie'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { hasBearer } from '../../http/cookies/bearer.ts'
import { cookieName, createCookie } from '../../http/cookies/cookie.ts'
import { closed } from '../../http/schemas.ts'
import { logEvent } from '../../platform/audit/log.ts'
import { type Account, freshUntil } from '../auth/account.ts'
import { type CheckedSession, idleEnd, isLive } from '../auth/sessions.ts'
import type { Strategy } from '../auth/strategy.ts'
import { UserReply } from '../users/schemas.ts'
import { SessionExpired, SessionRevoked } from './errors.ts'
import { createOpener } from './reader.ts'
import type { SessionStore } from './store.ts'

const TOUCH_EVERY_MS = 60_000

/** Logins carried by a signed cookie that holds a random id. */
export async function createCookieStrategy(app: FastifyInstance, store: SessionStore): Promise<Strategy> {
  const { SECRET_KEY, SESSION_TTL, FRESH_FOR } = app.config
  const carrier = createCookie(app.config, cookieName(app.config, 'sid'))
  const { name } = carrier
  const signer = new Signer([...SECRET_KEY])
  const isSigned = (cookie: string) => signer.unsign(cookie).valid
  const opener = await createOpener(app, [...SECRET_KEY], name, store)

  function setCookie(reply: FastifyReply, value: string, login: CheckedSession, now: Date) {
    const maxAge = Math.floor((login.absoluteExpiresAt.getTime() - now.getTime()) / 1000)
    carrier.set(reply, value, login.remember ? maxAge : null)
  }

  /** The cookie, where it counts: not beside a bearer token, and not where two came. */
  const cookieOf = (request: FastifyRequest) => (hasBearer(request.headers) ? undefined : carrier.read(request))

  /** Slides the idle end, at most once a minute or once in a tenth of the idle life. Nobody waits for it. */
  function touch(login: CheckedSession, now: Date, log: FastifyBaseLogger) {
    const expiresAt = idleEnd(login, SESSION_TTL, now)
    const interval = Math.min(TOUCH_EVERY_MS, (expiresAt.getTime() - now.getTime()) / 10)
    const cutoff = new Date(now.getTime() - interval)
    if (login.lastSeenAt > cutoff) return
    app.sessions
      .touch(login.id, expiresAt, cutoff, now)
      .then((touched) => touched && store.keep(touched))
      .catch((err: unknown) => log.debug({ err }, 'the login was not touched'))
  }

  /** The login of this cookie, live or ended, or null. */
  async function findLogin(cookie: string, request: FastifyRequest, reply: FastifyReply, now: Date) {
    const found = await opener.find(request, cookie)
    if (found === null) {
      if (!isSigned(cookie)) logEvent(request, 'session_signature_fail')
      return null
    }
    const { login, signedCookie } = found
    // Signed with an older key of the list: from now on with the first (ASVS 5.0, 13.3.4).
    if (signedCookie !== cookie && isLive(login, now)) setCookie(reply, signedCookie, login, now)
    return login
  }

  async function identify(cookie: string, request: FastifyRequest, reply: FastifyReply): Promise<Account | null> {
    const now = new Date()
    const login = await findLogin(cookie, request, reply, now)
    if (login === null) return null
    if (!isLive(login, now)) {
      const { userId, id: sid, kind, revokedAt, revokedReason } = login
      logEvent(request, 'session_use_after_expire', { userId, sid, kind, reason: revokedReason })
      throw revokedAt === null ? new SessionExpired() : Object.assign(new SessionRevoked(), { sid })
    }
    touch(login, now, request.log)
    const fresh = freshUntil(login.authenticatedAt, FRESH_FOR)
    return { userId: login.userId, sid: login.id, kind: 'cookie', freshUntil: fresh }
  }

  return {
    kind: 'cookie',
    refusals: [SessionExpired, SessionRevoked],
    scheme: { type: 'apiKey', in: 'cookie', name },
    reply: Type.Object({ user: UserReply }, closed),
    renewed: { 204: Type.Null({ description: 'Done: the cookie is another' }) },
    idleTtl: SESSION_TTL,
    assertAllowed: (request) => app.refuseForeignPage(request),
    async findReplaced(request, reply) {
      const now = new Date()
      const cookie = cookieOf(request)
      const former = cookie === undefined ? null : await findLogin(cookie, request, reply, now)
      return former && isLive(former, now) ? { ...former, accessTtl: 0 } : null
    },
    async issue(request, reply) {
      const { secretHash, signedCookie } = await opener.create(request)
      const remember = await store.lease(secretHash)
      async function deliver(login: CheckedSession, now: Date) {
        await remember(login)
        setCookie(reply, signedCookie, login, now)
        return null
      }
      return { row: { secretHash, accessTtl: 0 }, deliver }
    },
    identify(request, reply) {
      const cookie = cookieOf(request)
      if (cookie !== undefined) return identify(cookie, request, reply)
      if (!hasBearer(request.headers)) carrier.clearDoubled(reply)
      return null
    },
    signOut(_request, reply) {
      carrier.clear(reply)
    }
  }
}
