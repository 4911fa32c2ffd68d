import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Budget, createBudget, withBudget } from './time-budget.ts'

/** Something that requests use: whether they have to wait for it, whether it counts as available, and a check that asks it now. */
export type Dependency = { isRemote: boolean; isUp(): boolean; check(): Promise<void> }

declare module 'fastify' {
  interface FastifyInstance {
    /** By name. Each adds itself with `addDependency`. */
    dependencies: ReadonlyMap<string, Dependency>
    addDependency(name: string, dependency: Dependency): void
  }
  interface FastifyRequest {
    timeBudget: Budget | null
  }
}

/** Caps the total time that a request waits for the database and other servers, so that it is answered within 1.5 s. */
async function timeBudget(app: FastifyInstance) {
  const dependencies = new Map<string, Dependency>()
  let isCapped = false
  app.decorate('dependencies', dependencies)
  app.decorate('addDependency', (name, dependency) => {
    dependencies.set(name, dependency)
    // An SQLite file never keeps a request waiting, so without another server there is nothing to count.
    if (dependency.isRemote && !isCapped) capWaits()
  })
  app.decorateRequest('timeBudget', null)

  function capWaits() {
    isCapped = true
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
}

export default fp(timeBudget, { name: 'time-budget' })
