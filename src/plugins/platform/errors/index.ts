import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import './audit-events.ts'
import { logEvent } from '../audit/log.ts'
import { isAborted } from './client-errors.ts'
import { MalformedRequest } from './errors.ts'
import { knownPointers, problemHeaders, toCoded, toProblem } from './problem.ts'
import { Problem } from './schemas.ts'
import { createTranslation, type ErrorTranslator } from './translation.ts'

/** Gets each error that becomes a 5xx, for an error reporter. An error that it throws is only logged. */
type ServerErrorListener = (error: unknown, request: FastifyRequest) => void | Promise<void>

declare module 'fastify' {
  interface FastifyInstance {
    onServerError: (listener: ServerErrorListener) => void
    translateErrors: (translator: ErrorTranslator) => void
    /** The error to answer with: what a translator makes of it, or else the error itself. */
    translateError: (thrown: unknown) => unknown
  }
}

/** The only place that writes failures: one RFC 9457 format, and one constant sentence for every 5xx. */
async function errors(app: FastifyInstance) {
  const listeners: ServerErrorListener[] = []
  const { add, translateError } = createTranslation()
  app.addSchema(Problem)
  app.decorate('onServerError', (listener) => void listeners.push(listener))
  app.decorate('translateErrors', add).decorate('translateError', translateError)

  async function notify(listener: ServerErrorListener, thrown: unknown, request: FastifyRequest) {
    try {
      await listener(thrown, request)
    } catch (err) {
      request.log.error({ err }, 'an onServerError listener failed')
    }
  }

  function translate(thrown: unknown, request: FastifyRequest) {
    // Comes first: a lost database connection has the same error code.
    if (isAborted(thrown, request.raw)) return new MalformedRequest()
    return translateError(thrown)
  }

  app.setErrorHandler(async function answerFailure(thrown: unknown, request: FastifyRequest, reply: FastifyReply) {
    const error = toCoded(translate(thrown, request))
    if (error.statusCode >= 500) {
      request.log.error({ err: thrown, code: error.code }, 'request failed')
      for (const listener of listeners) void notify(listener, thrown, request)
    }
    if (error.code === 'VALIDATION_FAILED')
      logEvent(request, 'input_validation_fail', { pointers: knownPointers(thrown) })
    reply.code(error.statusCode).headers(problemHeaders(error))
    return reply.send(JSON.stringify(toProblem(error, request.id)))
  })
}

export default fp(errors, { name: 'errors', dependencies: ['config'] })
