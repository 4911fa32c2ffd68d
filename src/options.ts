import { randomUUID } from 'node:crypto'
import type { FastifyHttpOptions, FastifyReply, FastifyRequest, RawServerDefault } from 'fastify'
import type { Settings } from './plugins/config/settings.ts'
import { corsHeaders } from './plugins/cors/cors.ts'
import { answerClientError } from './plugins/errors/edge.ts'
import { problemHeaders, toCoded, toProblem } from './plugins/errors/problem.ts'
import { securityHeaders } from './plugins/headers/headers.ts'
import { buildValidator } from './plugins/input/validator.ts'
import { logController, loggerOptions, logRequest } from './plugins/logging/logger.ts'

/** What Fastify has to know before the first plugin: limits, timeouts, and who answers where no hook runs. */
export function serverOptions(
  settings: Settings,
  logStream?: { write(line: string): void }
): FastifyHttpOptions<RawServerDefault> {
  const headers = securityHeaders(settings)
  return {
    logger: { ...loggerOptions(settings), ...(logStream && { stream: logStream }) },
    logController,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    trustProxy: settings.TRUST_PROXY.length > 0 ? [...settings.TRUST_PROXY] : false,
    bodyLimit: 100 * 1024,
    requestTimeout: 30_000,
    connectionTimeout: 30_000,
    keepAliveTimeout: 72_000,
    handlerTimeout: 10_000,
    http: { headersTimeout: 20_000, requireHostHeader: false, joinDuplicateHeaders: true },
    // While it closes the service still answers by the rules: health refuses with 503.
    return503OnClosing: false,
    schemaController: { compilersFactory: { buildValidator } },
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
