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
    /** Throws CROSS_ORIGIN_REQUEST if a page of another origin sent this. For routes that set a cookie. */
    refuseForeignPage: (request: FastifyRequest) => void
  }
}

/** Parses cookies, and keeps pages of other origins from acting with them (CSRF). */
async function cookies(app: FastifyInstance) {
  function isForeign(request: FastifyRequest) {
    const isRefused = isCrossOrigin(request.headers, app.config)
    if (isRefused) logEvent(request, 'malicious_csrf')
    return isRefused
  }
  // Only for requests that act by cookie. With a bearer token, the cookie does not count.
  app.addHook('onRequest', function refuseCrossOrigin(request, _reply, done) {
    const { method, headers } = request
    const actsByCookie = !isSafeMethod(method) && headers.cookie !== undefined && !hasBearer(headers)
    done(actsByCookie && isForeign(request) ? new CrossOriginRequest() : undefined)
  })
  // These options also go to the parser, although the type does not say so.
  const parseOptions = { decode: decodeValue } as CookieSerializeOptions
  await app.register(fastifyCookie, { parseOptions })
  app.decorate('refuseForeignPage', (request: FastifyRequest) => {
    if (isForeign(request)) throw new CrossOriginRequest()
  })
}

export default fp(cookies, { name: 'cookies', dependencies: ['config', 'errors', 'audit', 'cors'] })
