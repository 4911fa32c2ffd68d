import underPressure from '@fastify/under-pressure'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import { ServiceUnavailable } from '../../platform/errors/errors.ts'
import { type CodedError, problemHeaders, toProblem } from '../../platform/errors/problem.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** How many requests were refused since the start. */
    shedRequests: () => number
  }
}

/** The more often it looks, the shorter it refuses once the queue is gone. */
const SAMPLE_MS = 500
/** What starts is late (a million revoked logins are read before it listens), and its first mean is of nothing. */
const WARM_UP_MS = 3000
/** Without a refusal for so long the overload is over. */
const CALM_MS = 5000

/** Refuses requests with 503 while the event loop is late: who waits longer would not get an answer in time anyway. */
async function loadShedding(app: FastifyInstance) {
  const refusal = new ServiceUnavailable() as CodedError
  const headers = problemHeaders(refusal)
  let count = 0
  let calm: NodeJS.Timeout | null = null
  let warmAt = Number.POSITIVE_INFINITY
  app.addHook('onListen', async () => {
    warmAt = performance.now() + WARM_UP_MS
  })

  /** One line when it begins and one when it is over: a line for each refusal would cost more than the answer. */
  function note(eventLoopDelayMs: number) {
    count++
    if (calm) return void calm.refresh()
    const before = count - 1
    app.log.warn({ event: 'overload_begin', eventLoopDelayMs }, 'overloaded: requests are refused')
    calm = setTimeout(() => {
      calm = null
      app.log.info({ event: 'overload_end', refused: count - before }, 'no longer overloaded')
    }, CALM_MS).unref()
  }

  await app.register(underPressure, {
    maxEventLoopDelay: app.config.MAX_EVENT_LOOP_DELAY_MS,
    sampleInterval: SAMPLE_MS,
    // By itself it would throw, and each 5xx that is thrown is logged with its stack.
    pressureHandler(request, reply, _type, value) {
      if (request.routeOptions.config.isProbe || performance.now() < warmAt) return
      note(Math.round(value ?? 0))
      reply.code(503).headers(headers)
      // The package sends what it is given, which its types do not say.
      return JSON.stringify(toProblem(refusal, request.id)) as unknown as undefined
    }
  })
  app.decorate('shedRequests', () => count)
  app.addHook('onClose', async () => clearTimeout(calm ?? undefined))
}

export default fp(loadShedding, { name: 'load-shedding', dependencies: ['config', 'errors', 'headers', 'cors'] })
