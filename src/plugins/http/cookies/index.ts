import fastifyCookie, { type CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import './audit-events.ts'
import './env.ts'
import { logEvent } from '../../platform/audit/log.ts'
import { hasBearer } from './bearer.ts'
import { decodeValue } from './cookie.ts'
import { isCrossOrigin, isSafeMethod } from './cross-origin.ts'
import { CrossOriginRequest } from './errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** CROSS_ORIGIN_REQUEST where a page of a foreign origin sent this: for what gives a browser a cookie. */
    refuseForeignPage: (request: FastifyRequest) => void
  }
}

/** Reads cookies, and keeps foreign pages from acting with them. */
async function cookies(app: FastifyInstance) {
  function isForeign(request: FastifyRequest) {
    const isRefused = isCrossOrigin(request.headers, app.config)
    if (isRefused) logEvent(request, 'malicious_csrf')
    return isRefused
  }
  // Only a request that acts by its cookie needs this; beside a bearer token the cookie does not count.
  app.addHook('onRequest', function refuseCrossOrigin(request, _reply, done) {
    const { method, headers } = request
    const actsByCookie = !isSafeMethod(method) && headers.cookie !== undefined && !hasBearer(headers)
    done(actsByCookie && isForeign(request) ? new CrossOriginRequest() : undefined)
  })
  // What its types leave out: these options go to the parser too.
  const parseOptions = { decode: decodeValue } as CookieSerializeOptions
  await app.register(fastifyCookie, { parseOptions })
  app.decorate('refuseForeignPage', (request: FastifyRequest) => {
    if (isForeign(request)) throw new CrossOriginRequest()
  })
}

export default fp(cookies, { name: 'cookies', dependencies: ['config', 'errors', 'audit', 'cors'] })
