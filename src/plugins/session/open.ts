import { createHash } from 'node:crypto'
import fastifySession, { type FastifySessionOptions } from '@fastify/session'
import type { FastifyInstance, FastifyRequest, Session } from 'fastify'
import type { Login } from '../db/types.ts'
import type { SessionStore } from './store.ts'

declare module 'fastify' {
  interface Session {
    /**
     * The login as the store has it, ended ones too; missing: an unknown or unsigned cookie. A function, since the package
     * serialises and hashes everything else each time, to see whether it has to be saved.
     */
    login?: () => Login
  }
}

export function hashSecret(secret: string) {
  return createHash('sha256').update(secret).digest('base64url')
}

/**
 * Registers @fastify/session and gives the function that opens a cookie's session, or a new one with a random id where the
 * cookie is not ours. Its hooks would work on every request and save on their own, which could bring a login back that was
 * ended meanwhile; so they stay in a scope without routes, and only requests that bring a cookie pay.
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

  return function open(request: FastifyRequest, cookie: string) {
    const opened = Promise.withResolvers<FastifyRequest['session']>()
    decryptSession(cookie, request, {}, (error?: unknown) =>
      error ? opened.reject(error) : opened.resolve(request.session)
    )
    return opened.promise
  }
}
