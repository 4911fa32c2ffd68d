import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { newPatience, type Patience, withPatience } from './deadline.ts'

declare module 'fastify' {
  interface FastifyRequest {
    patience: Patience | null
  }
}

/** Answers within 1.5 s, however many slow answers of others a request needs: it has one patience for all of them. */
async function deadline(app: FastifyInstance) {
  app.decorateRequest('patience', null)
  app.addHook('onRequest', function beginPatience(request, _reply, done) {
    request.patience = newPatience()
    withPatience(request.patience, done)
  })
  // A body is read in the context of its connection.
  app.addHook('preValidation', function keepPatience(request, _reply, done) {
    withPatience(request.patience ?? newPatience(), done)
  })
  // What goes on after the answer keeps nobody waiting.
  app.addHook('onResponse', function endPatience(request, _reply, done) {
    if (request.patience) request.patience.leftMs = Number.POSITIVE_INFINITY
    done()
  })
}

export default fp(deadline, { name: 'deadline' })
