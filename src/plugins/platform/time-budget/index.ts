import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { isPostgres } from '../db/address.ts'
import { type Budget, createBudget, withBudget } from './time-budget.ts'

declare module 'fastify' {
  interface FastifyRequest {
    timeBudget: Budget | null
  }
}

/** Answers within 1.5 s, however many slow answers of others a request needs: it has one patience for all of them. */
async function timeBudget(app: FastifyInstance) {
  app.decorateRequest('timeBudget', null)
  // An SQLite file in this process answers at once or not at all: then there is nothing to count, nor to pay for.
  if (!isPostgres(app.config.DB_URI) && app.config.REDIS_URL === null) return
  app.addHook('onRequest', function beginPatience(request, _reply, done) {
    request.timeBudget = createBudget()
    withBudget(request.timeBudget, done)
  })
  // A body is read in the context of its connection; what has none is still in its own.
  app.addHook('preValidation', function keepPatience(request, _reply, done) {
    if (request.body === undefined) done()
    else withBudget(request.timeBudget ?? createBudget(), done)
  })
  // What goes on after the answer keeps nobody waiting.
  app.addHook('onResponse', function endPatience(request, _reply, done) {
    if (request.timeBudget) request.timeBudget.limitMs = Number.POSITIVE_INFINITY
    done()
  })
}

export default fp(timeBudget, { name: 'time-budget', dependencies: ['config'] })
