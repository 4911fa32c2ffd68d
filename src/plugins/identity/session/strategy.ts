import { Signer } from '@fastify/cookie'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { hasBearer } from '../../http/cookies/bearer.ts'
import { cookieName, createCookie } from '../../http/cookies/cookie.ts'
import { logEvent } from '../../platform/audit/log.ts'
import { type Account, toAccount } from '../auth/account.ts'
import { type CheckedSession, idleEnd, isLive } from '../auth/sessions.ts'
import type { Credential, Strategy } from '../auth/strategy.ts'
import { SessionExpired, SessionRevoked } from './errors.ts'
import { createOpener } from './reader.ts'
import type { SessionStore } from './store.ts'

const TOUCH_EVERY_MS = 60_000

type CookieCredential = Credential & { signedCookie: string; remember(session: CheckedSession): Promise<void> }
type Dependencies = Pick<FastifyInstance, 'config' | 'sessions' | 'refuseForeignPage' | 'register'>

/** Sessions carried by a signed cookie that holds a random id. */
export async function createCookieStrategy(
  app: Dependencies,
  store: SessionStore
): Promise<Strategy<CookieCredential>> {
  const { SECRET_KEY, SESSION_TTL, FRESH_FOR } = app.config
  const cookie = createCookie(app.config, cookieName(app.config, 'sid'))
  const { name } = cookie
  const signer = new Signer([...SECRET_KEY])
  const isSigned = (value: string) => signer.unsign(value).valid
  const opener = await createOpener(app, [...SECRET_KEY], name, store)

  function setCookie(reply: FastifyReply, value: string, session: CheckedSession, now: Date) {
    const maxAge = Math.floor((session.absoluteExpiresAt.getTime() - now.getTime()) / 1000)
    cookie.set(reply, value, session.remember ? maxAge : null)
  }

  /** The value of the cookie; undefined if the request also has a bearer token, or two such cookies. */
  const readCookie = (request: FastifyRequest) => (hasBearer(request.headers) ? undefined : cookie.read(request))

  /** Slides the idle expiry, at most once a minute or once in a tenth of the idle lifetime. No request waits for it. */
  function touch(session: CheckedSession, now: Date, log: FastifyBaseLogger) {
    const expiresAt = idleEnd(session, SESSION_TTL, now)
    const interval = Math.min(TOUCH_EVERY_MS, (expiresAt.getTime() - now.getTime()) / 10)
    const cutoff = new Date(now.getTime() - interval)
    if (session.lastSeenAt > cutoff) return
    app.sessions
      .touch(session.id, expiresAt, cutoff, now)
      .then((touched) => touched && store.keep(touched))
      .catch((err: unknown) => log.debug({ err }, 'could not store the last use of a session'))
  }

  /** The session of this cookie, live or not, or null. */
  async function findSession(value: string, request: FastifyRequest, reply: FastifyReply, now: Date) {
    const found = await opener.find(request, value)
    if (found === null) {
      if (!isSigned(value)) logEvent(request, 'session_signature_fail')
      return null
    }
    const { session, signedCookie } = found
    // Signed with an older key of the list: sign it with the first one (ASVS 5.0, 13.3.4).
    if (signedCookie !== value && isLive(session, now)) setCookie(reply, signedCookie, session, now)
    return session
  }

  async function identify(value: string, request: FastifyRequest, reply: FastifyReply): Promise<Account | null> {
    const now = new Date()
    const session = await findSession(value, request, reply, now)
    if (session === null) return null
    if (!isLive(session, now)) {
      const { userId, id: sid, kind, revokedAt, revokedReason } = session
      logEvent(request, 'session_use_after_expire', { userId, sid, kind, reason: revokedReason })
      throw revokedAt === null ? new SessionExpired() : Object.assign(new SessionRevoked(), { sid })
    }
    touch(session, now, request.log)
    return toAccount(session, FRESH_FOR)
  }

  return {
    kind: 'cookie',
    idleTtl: SESSION_TTL,
    openapi: {
      refusals: [SessionExpired, SessionRevoked],
      scheme: { type: 'apiKey', in: 'cookie', name, description: 'Set by a login; your browser sends it by itself' },
      members: {},
      renewed: { 204: Type.Null({ description: 'Renewed: the reply sets a new cookie' }) }
    },
    assertAllowed: (request) => app.refuseForeignPage(request),
    async findReplaced(request, reply) {
      const now = new Date()
      const value = readCookie(request)
      const former = value === undefined ? null : await findSession(value, request, reply, now)
      return former && isLive(former, now) ? { ...former, accessTtl: 0 } : null
    },
    async issue(request) {
      const { secretHash, signedCookie } = await opener.create(request)
      // Taken before the row is written, so that a revocation right after it is never hidden by the cache.
      const remember = await store.lease(secretHash)
      return { columns: { secretHash, accessTtl: 0 }, signedCookie, remember }
    },
    async deliver(reply, session, { signedCookie, remember }, now) {
      await remember(session)
      setCookie(reply, signedCookie, session, now)
      return null
    },
    identify(request, reply) {
      const value = readCookie(request)
      if (value !== undefined) return identify(value, request, reply)
      if (!hasBearer(request.headers)) cookie.clearDoubled(reply)
      return null
    },
    signOut(_request, reply) {
      cookie.clear(reply)
    }
  }
}
