import type { FastifyReply } from 'fastify'

/** How long a body may take to arrive, in ms. */
export const BODY_MS = 30_000

/**
 * Ends a request whose body takes too long, as Node does after `requestTimeout`. That is one number for all requests: where a feature
 * raises it for its own, this keeps the limit of the others.
 */
export function limitBodyTime(reply: FastifyReply, limitMs = BODY_MS) {
  const { raw } = reply.request
  const timeout = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
  const timer = setTimeout(() => {
    if (raw.complete !== false) return
    if (reply.sent) raw.socket.destroy()
    else reply.server.server.emit('clientError', timeout, raw.socket)
  }, limitMs).unref()
  raw.once('end', () => clearTimeout(timer))
}
