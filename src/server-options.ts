import { randomUUID } from 'node:crypto'
import {
  type FastifyHttpOptions,
  type FastifyReply,
  type FastifyRequest,
  LogController,
  type RawServerDefault
} from 'fastify'
import { LARGE_BODY } from './plugins/http/body/limits.ts'
import { BODY_MS } from './plugins/http/body/timeout.ts'
import { buildValidator } from './plugins/http/body/validator.ts'
import { corsHeaders } from './plugins/http/cors/cors.ts'
import { securityHeaders } from './plugins/http/headers/headers.ts'
import type { Settings } from './plugins/platform/config/settings.ts'
import { answerClientError } from './plugins/platform/errors/client-errors.ts'
import { problemHeaders, toCoded, toProblem } from './plugins/platform/errors/problem.ts'
import { buildSerializer } from './plugins/platform/errors/serializer.ts'
import { createProxyList } from './plugins/platform/logging/client-address.ts'
import { loggerOptions, logRequest } from './plugins/platform/logging/logger.ts'

/** The request ids that we accept from a proxy; anything else stays out of the log. */
const REQUEST_ID = /^[\w-]{16,64}$/

/** Fastify's own options: limits, timeouts, and the answers where no hook runs. */
export function serverOptions(
  settings: Settings,
  logStream?: { write(line: string): void }
): FastifyHttpOptions<RawServerDefault> {
  const headers = securityHeaders(settings)
  const isProxy = createProxyList(settings.TRUST_PROXY)
  return {
    logger: { ...loggerOptions(settings), ...(logStream && { stream: logStream }) },
    // Fastify's two lines per request are off: the logging plugin writes one.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    // With the X-Request-Id of a trusted proxy, one id finds a request in both logs.
    genReqId({ headers: { 'x-request-id': id }, socket }) {
      const isGiven = typeof id === 'string' && REQUEST_ID.test(id) && isProxy(socket.remoteAddress ?? '')
      return isGiven ? id : randomUUID()
    },
    requestIdHeader: false,
    trustProxy: settings.TRUST_PROXY.length > 0 && isProxy,
    bodyLimit: LARGE_BODY,
    requestTimeout: BODY_MS,
    connectionTimeout: 30_000,
    keepAliveTimeout: 72_000,
    // Checked every 5 seconds: with Node's 30, a slow client would get twice the time (ASVS 5.0, 13.1.3).
    http: {
      headersTimeout: 20_000,
      connectionsCheckingInterval: 5000,
      requireHostHeader: false,
      joinDuplicateHeaders: true
    },
    // While it closes, the service still answers requests on open connections.
    return503OnClosing: false,
    schemaController: { compilersFactory: { buildValidator, buildSerializer } },
    clientErrorHandler: answerClientError(headers),
    // A malformed URL fails before any hook runs, so its headers and log line are made here.
    frameworkErrors(thrown: unknown, request: FastifyRequest, reply: FastifyReply) {
      const error = toCoded(thrown)
      reply
        .code(error.statusCode)
        .headers({ ...headers, ...corsHeaders(settings, request.headers.origin), ...problemHeaders(error) })
      void reply.send(JSON.stringify(toProblem(error, request.id)))
      logRequest(request, reply)
    }
  }
}
