import underPressure from '@fastify/under-pressure'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import { ServiceUnavailable } from '../../platform/errors/errors.ts'
import { type CodedError, problemHeaders, toProblem } from '../../platform/errors/problem.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** How many requests were refused since the process started. */
    shedRequests: () => number
  }
}

/** A short interval ends the refusals soon after the queue is gone. */
const SAMPLE_MS = 500
/** The event loop is late while the service starts (it reads up to a million revoked sessions), and the first mean is empty. */
const WARM_UP_MS = 3000
/** Overload ends after this long without a refusal. */
const CALM_MS = 5000

/** Refuses requests with 503 while the event loop is late: they would not be answered in time anyway. */
async function loadShedding(app: FastifyInstance) {
  const refusal = new ServiceUnavailable() as CodedError
  const headers = problemHeaders(refusal)
  let count = 0
  let calm: NodeJS.Timeout | null = null
  let warmAt = Number.POSITIVE_INFINITY
  app.addHook('onListen', async () => {
    warmAt = performance.now() + WARM_UP_MS
  })

  /** Logs when overload begins and ends: a line per refusal would cost more than the answer. */
  function countRefusal(eventLoopDelayMs: number) {
    count++
    if (calm) return void calm.refresh()
    const before = count - 1
    app.log.warn({ event: 'overload_begin', eventLoopDelayMs }, 'overloaded: refusing requests')
    calm = setTimeout(() => {
      calm = null
      app.log.info({ event: 'overload_end', refused: count - before }, 'no longer overloaded')
    }, CALM_MS).unref()
  }

  await app.register(underPressure, {
    maxEventLoopDelay: app.config.MAX_EVENT_LOOP_DELAY_MS,
    sampleInterval: SAMPLE_MS,
    // The package would throw, and every thrown 5xx is logged with its stack.
    pressureHandler(request, reply, _type, value) {
      if (request.routeOptions.config.isProbe || performance.now() < warmAt) return
      countRefusal(Math.round(value ?? 0))
      reply.code(503).headers(headers)
      // The package sends the returned value, although its types do not say so.
      return JSON.stringify(toProblem(refusal, request.id)) as unknown as undefined
    }
  })
  app.decorate('shedRequests', () => count)
  app.addHook('onClose', async () => clearTimeout(calm ?? undefined))
}

export default fp(loadShedding, { name: 'load-shedding', dependencies: ['config', 'errors', 'headers', 'cors'] })
