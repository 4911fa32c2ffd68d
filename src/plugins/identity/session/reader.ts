import { createHash } from 'node:crypto'
import fastifySession, { type FastifySessionOptions } from '@fastify/session'
import type { FastifyInstance, FastifyRequest, Session } from 'fastify'
import { LruMap } from 'toad-cache'
import type { CheckedSession } from '../auth/sessions.ts'
import type { SessionStore } from './store.ts'

declare module 'fastify' {
  interface Session {
    /**
     * The session as stored, revoked and expired ones too; missing for an unknown or unsigned cookie. It is a function because
     * the package serializes and hashes every other member of each session to see whether it has to be saved.
     */
    row?: () => CheckedSession
  }
}

const MAX_CACHED_COOKIES = 4000

/** A session as stored, and its cookie signed with the first key. */
type Found = { session: CheckedSession; signedCookie: string }

export function hashSecret(secret: string) {
  return createHash('sha256').update(secret).digest('base64url')
}

/**
 * Registers @fastify/session and returns functions that open the session of a cookie or create a new one. The hooks of the package
 * would run on every request and save on their own, which could revive a revoked session. So they stay in a scope without routes,
 * and only requests with a cookie pay.
 */
export async function createOpener(
  app: Pick<FastifyInstance, 'register'>,
  secret: string[],
  cookieName: string,
  store: SessionStore
) {
  const options: FastifySessionOptions = {
    secret,
    cookieName,
    saveUninitialized: false,
    rolling: false,
    store: {
      get(id, done) {
        store.find(hashSecret(id), new Date()).then((row) => done(null, row && ({ row: () => row } as Session)), done)
      },
      // Only logging in, using and revoking a session write its row.
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

  // Caches opened cookies, because the package signs and hashes five times to open one.
  const cache = new LruMap<{ secretHash: string; signedCookie: string }>(MAX_CACHED_COOKIES)

  return {
    /** A new random id and the cookie that holds it. */
    async create(request: FastifyRequest) {
      const { sessionId, encryptedSessionId } = await open(request, '')
      return { secretHash: hashSecret(sessionId), signedCookie: encryptedSessionId }
    },
    /** The session of a cookie; null for an unknown or unsigned one. Throws if no store can answer. */
    async find(request: FastifyRequest, cookie: string): Promise<Found | null> {
      const known = cache.get(cookie)
      if (known) {
        const session = await store.find(known.secretHash, new Date())
        return session && { session, signedCookie: known.signedCookie }
      }
      const { row, sessionId, encryptedSessionId: signedCookie } = await open(request, cookie)
      const session = row?.()
      if (session === undefined) return null
      cache.set(cookie, { secretHash: hashSecret(sessionId), signedCookie })
      return { session, signedCookie }
    }
  }
}
