import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { MalformedRequest, UnsupportedMediaType } from '../../platform/errors/errors.ts'
import { hasNoBody, refuseBody } from './body.ts'
import { parseJson } from './json.ts'
import { refuseUnreadBody } from './unread.ts'

/** One reading of each message: HTTP with one Host, bodies in JSON and UTF-8, uncompressed. */
async function body(app: FastifyInstance) {
  app.addHook('onRequest', function refuseOddMessages(request, _reply, done) {
    const { host, 'content-type': type, 'content-encoding': encoding } = request.headers
    // Duplicates arrive joined by a comma (RFC 9112, 3.2: a request without or with two Host fields is a 400).
    const hasOneHost = host === undefined ? request.raw.httpVersion === '1.0' : !host.includes(',')
    if (!hasOneHost) return done(new MalformedRequest())
    // A body of no length is no body, whatever its type: navigator.sendBeacon(url, '') sends text/plain.
    if (type !== undefined && hasNoBody(request.headers)) delete request.headers['content-type']
    done(encoding === undefined ? undefined : new UnsupportedMediaType())
  })

  // The built-in parsers take text/plain, which needs no preflight, and replace bytes that are not UTF-8.
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
