import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import './audit-events.ts'
import { logEvent } from '../audit/log.ts'
import { isAborted } from './client-errors.ts'
import { MalformedRequest } from './errors.ts'
import { knownPointers, problemHeaders, toCoded, toProblem } from './problem.ts'
import { Problem } from './schemas.ts'

/** Told of each 5xx: the place for an error reporter. What it throws is logged and changes nothing. */
export type ServerErrorListener = (error: unknown, request: FastifyRequest) => void | Promise<void>
/** Turns an error of a package into one of ours, or gives null. */
export type ErrorTranslator = (error: unknown) => Error | null

declare module 'fastify' {
  interface FastifyInstance {
    onServerError: (listener: ServerErrorListener) => void
    translateErrors: (translator: ErrorTranslator) => void
  }
}

/** The only place that writes a failure: one RFC 9457 shape for all, one constant sentence for every 5xx. */
async function errors(app: FastifyInstance) {
  const listeners: ServerErrorListener[] = []
  const translators: ErrorTranslator[] = []
  app.addSchema(Problem)
  app.decorate('onServerError', (listener) => void listeners.push(listener))
  app.decorate('translateErrors', (translator) => void translators.push(translator))

  async function tell(listener: ServerErrorListener, thrown: unknown, request: FastifyRequest) {
    try {
      await listener(thrown, request)
    } catch (err) {
      request.log.error({ err }, 'an onServerError listener failed')
    }
  }

  app.setErrorHandler(async function answerFailure(thrown: unknown, request: FastifyRequest, reply: FastifyReply) {
    // Its code is that of any lost connection, also of one to the database.
    const known = isAborted(thrown, request.raw) ? [() => new MalformedRequest()] : translators
    const translated = known.map((translate) => translate(thrown)).find((error) => error !== null)
    const error = toCoded(translated ?? thrown)
    if (error.statusCode >= 500) {
      request.log.error({ err: thrown, code: error.code }, 'request failed')
      for (const listener of listeners) void tell(listener, thrown, request)
    }
    if (error.errors) logEvent(request, 'input_validation_fail', { pointers: knownPointers(thrown) })
    reply.code(error.statusCode).headers(problemHeaders(error))
    return reply.send(JSON.stringify(toProblem(error, request.id)))
  })
}

export default fp(errors, { name: 'errors', dependencies: ['config'] })
