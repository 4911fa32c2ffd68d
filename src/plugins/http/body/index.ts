import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { MalformedRequest, UnsupportedMediaType } from '../../platform/errors/errors.ts'
import { hasNoBody, refuseBody, refuseUnreadBody } from './body.ts'
import { parseJson } from './json.ts'
import { BODY_MS, limitBodyTime } from './timeout.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** For a route whose bodies may take longer than 30 s to arrive, and that ends those that stall. */
    timesOwnBody?: boolean
  }
}

/** Strict, unambiguous request parsing: one Host, and uncompressed bodies of JSON in UTF-8. */
async function body(app: FastifyInstance) {
  app.addHook('onRequest', function refuseAmbiguous(request, _reply, done) {
    const { host, 'content-type': type, 'content-encoding': encoding } = request.headers
    // Node joins duplicates with a comma. RFC 9112, 3.2: a request with no Host or two is a 400.
    const hasOneHost = host === undefined ? request.raw.httpVersion === '1.0' : !host.includes(',')
    if (!hasOneHost) return done(new MalformedRequest())
    // An empty body needs no valid type: navigator.sendBeacon(url, '') sends text/plain.
    if (type !== undefined && hasNoBody(request.headers)) delete request.headers['content-type']
    done(encoding === undefined ? undefined : new UnsupportedMediaType())
  })
  app.addHook('onRequest', function limitTime(request, reply, done) {
    const isLimited = app.server.requestTimeout > BODY_MS && !request.routeOptions.config.timesOwnBody
    if (isLimited && !hasNoBody(request.headers)) limitBodyTime(reply)
    done()
  })

  // The built-in parsers accept text/plain, which needs no preflight, and replace invalid UTF-8.
  app.removeAllContentTypeParsers()
  const asBuffer = { parseAs: 'buffer' } as const
  app.addContentTypeParser('application/json', asBuffer, async (request: FastifyRequest, bytes: Buffer) => {
    const body = parseJson(bytes)
    refuseUnreadBody(request, body)
    return body
  })
  app.addContentTypeParser('*', refuseBody)
}

export default fp(body, { name: 'body', dependencies: ['errors'] })
