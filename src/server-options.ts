import { randomUUID } from 'node:crypto'
import {
  type FastifyHttpOptions,
  type FastifyReply,
  type FastifyRequest,
  LogController,
  type RawServerDefault
} from 'fastify'
import { LARGE_BODY } from './plugins/http/body/limits.ts'
import { buildValidator } from './plugins/http/body/validator.ts'
import { corsHeaders } from './plugins/http/cors/cors.ts'
import { securityHeaders } from './plugins/http/headers/headers.ts'
import type { Settings } from './plugins/platform/config/settings.ts'
import { answerClientError } from './plugins/platform/errors/client-errors.ts'
import { problemHeaders, toCoded, toProblem } from './plugins/platform/errors/problem.ts'
import { buildSerializer } from './plugins/platform/errors/serializer.ts'
import { createProxyList } from './plugins/platform/logging/client-address.ts'
import { loggerOptions, logRequest } from './plugins/platform/logging/logger.ts'

/** An id that a proxy gave a request; anything longer or stranger stays out of the log. */
const REQUEST_ID = /^[\w-]{16,64}$/

/** What Fastify has to know before the first plugin: limits, timeouts, and who answers where no hook runs. */
export function serverOptions(
  settings: Settings,
  logStream?: { write(line: string): void }
): FastifyHttpOptions<RawServerDefault> {
  const headers = securityHeaders(settings)
  const isProxy = createProxyList(settings.TRUST_PROXY)
  return {
    logger: { ...loggerOptions(settings), ...(logStream && { stream: logStream }) },
    // Its own lines are off: logging writes one a request.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    // By X-Request-Id of a trusted proxy one id finds a request in its log and in ours.
    genReqId({ headers: { 'x-request-id': id }, socket }) {
      const isGiven = typeof id === 'string' && REQUEST_ID.test(id) && isProxy(socket.remoteAddress ?? '')
      return isGiven ? id : randomUUID()
    },
    requestIdHeader: false,
    trustProxy: settings.TRUST_PROXY.length > 0 && isProxy,
    bodyLimit: LARGE_BODY,
    requestTimeout: 30_000,
    connectionTimeout: 30_000,
    keepAliveTimeout: 72_000,
    // Looked at every five seconds: with Node's thirty a slow client would get twice its time (ASVS 5.0, 13.1.3).
    http: {
      headersTimeout: 20_000,
      connectionsCheckingInterval: 5000,
      requireHostHeader: false,
      joinDuplicateHeaders: true
    },
    // While it closes the service still answers what comes on the connections that it has.
    return503OnClosing: false,
    schemaController: { compilersFactory: { buildValidator, buildSerializer } },
    clientErrorHandler: answerClientError(headers),
    // A bad address ends before any hook: headers and log line have to be made here.
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
