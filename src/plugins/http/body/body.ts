import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { UnsupportedMediaType } from '../../platform/errors/errors.ts'

/** Whether the headers already say that there is no body, or an empty one (RFC 9112, 6.3). */
export function hasNoBody({ 'content-length': length, 'transfer-encoding': coding }: IncomingHttpHeaders) {
  return coding === undefined && Number(length ?? 0) === 0
}

/**
 * Parses a body that is not JSON: it is empty, or refused. Only its end shows that a chunked body is empty, and its first byte
 * that it is not. Where nothing is found at the address, that is the answer.
 */
export function refuseBody(
  { headers, is404 }: FastifyRequest,
  body: IncomingMessage,
  done: (error: Error | null, body?: unknown) => void
) {
  if (is404) return done(null)
  if (headers['content-length'] !== undefined) return done(new UnsupportedMediaType())
  function end(error: Error | null) {
    body.off('data', refuse).off('end', accept).off('error', end)
    done(error)
  }
  const refuse = () => end(new UnsupportedMediaType())
  const accept = () => end(null)
  body.on('data', refuse).on('end', accept).on('error', end)
}
