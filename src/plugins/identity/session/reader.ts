import { createHash } from 'node:crypto'
import fastifySession, { type FastifySessionOptions } from '@fastify/session'
import type { FastifyInstance, FastifyRequest, Session } from 'fastify'
import { LruMap } from 'toad-cache'
import type { CheckedSession } from '../auth/sessions.ts'
import type { SessionStore } from './store.ts'

declare module 'fastify' {
  interface Session {
    /**
     * The login as the store has it, ended ones too; missing: an unknown or unsigned cookie. A function, since the package
     * serialises and hashes everything else each time, to see whether it has to be saved.
     */
    login?: () => CheckedSession
  }
}

const MAX_CACHED_COOKIES = 4000

/** A login as the store has it, ended ones too, and its cookie as the first key signs it. */
type Found = { login: CheckedSession; signedCookie: string }

export function hashSecret(secret: string) {
  return createHash('sha256').update(secret).digest('base64url')
}

/**
 * Registers @fastify/session, and gives the functions that open the session of a cookie or make a new one. The hooks of the
 * package would work on every request and save on their own, which could bring an ended login back. So they stay in a scope
 * without routes, and only requests with a cookie pay.
 */
export async function createOpener(app: FastifyInstance, secret: string[], cookieName: string, store: SessionStore) {
  const options: FastifySessionOptions = {
    secret,
    cookieName,
    saveUninitialized: false,
    rolling: false,
    store: {
      get(id, done) {
        store
          .find(hashSecret(id), new Date())
          .then((login) => done(null, login && ({ login: () => login } as Session)), done)
      },
      // A login is one row, written by signIn, touch and revoke alone.
      set: (_id, _session, done) => done(),
      destroy: (_id, done) => done()
    }
  }
  const { promise, resolve } = Promise.withResolvers<FastifyInstance['decryptSession']>()
  await app.register(async (scope) => {
    await scope.register(fastifySession, options)
    resolve(scope.decryptSession)
  })
  const decryptSession = await promise

  function open(request: FastifyRequest, cookie: string) {
    const opened = Promise.withResolvers<FastifyRequest['session']>()
    decryptSession(cookie, request, {}, (error?: unknown) =>
      error ? opened.reject(error) : opened.resolve(request.session)
    )
    return opened.promise
  }

  // A cookie that was opened before opens to the same. The package signs and hashes five times to open one.
  const cache = new LruMap<{ secretHash: string; signedCookie: string }>(MAX_CACHED_COOKIES)

  return {
    /** A random id that nobody has yet, and the cookie that holds it. */
    async create(request: FastifyRequest) {
      const { sessionId, encryptedSessionId } = await open(request, '')
      return { secretHash: hashSecret(sessionId), signedCookie: encryptedSessionId }
    },
    /** The login of a cookie; null for an unknown or unsigned one. Throws where nobody can tell. */
    async find(request: FastifyRequest, cookie: string): Promise<Found | null> {
      const known = cache.get(cookie)
      if (known) {
        const login = await store.find(known.secretHash, new Date())
        return login && { login, signedCookie: known.signedCookie }
      }
      const { login: stored, sessionId, encryptedSessionId: signedCookie } = await open(request, cookie)
      const login = stored?.()
      if (login === undefined) return null
      cache.set(cookie, { secretHash: hashSecret(sessionId), signedCookie })
      return { login, signedCookie }
    }
  }
}
