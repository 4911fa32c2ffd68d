import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { isPostgres } from '../db/address.ts'
import { type Budget, createBudget, withBudget } from './time-budget.ts'

declare module 'fastify' {
  interface FastifyRequest {
    timeBudget: Budget | null
  }
}

/** Caps the total time that a request waits for the database and Redis, so that it is answered within 1.5 s. */
async function timeBudget(app: FastifyInstance) {
  app.decorateRequest('timeBudget', null)
  // An SQLite file never keeps a request waiting, so there is nothing to count.
  if (!isPostgres(app.config.DB_URI) && app.config.REDIS_URL === null) return
  app.addHook('onRequest', function startBudget(request, _reply, done) {
    request.timeBudget = createBudget()
    withBudget(request.timeBudget, done)
  })
  // Reading a body leaves the async context of the request; without a body it is still there.
  app.addHook('preValidation', function restoreBudget(request, _reply, done) {
    if (request.body === undefined) done()
    else withBudget(request.timeBudget ?? createBudget(), done)
  })
  // Work after the reply keeps nobody waiting.
  app.addHook('onResponse', function liftBudget(request, _reply, done) {
    if (request.timeBudget) request.timeBudget.limitMs = Number.POSITIVE_INFINITY
    done()
  })
}

export default fp(timeBudget, { name: 'time-budget', dependencies: ['config'] })
