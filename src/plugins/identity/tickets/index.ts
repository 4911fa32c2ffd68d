import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { createTickets, type Tickets } from './tickets.ts'

declare module 'fastify' {
  interface FastifyInstance {
    tickets: Tickets
  }
}

/** Single-use tickets for whatever takes more than one call, such as a password reset. */
async function tickets(app: FastifyInstance) {
  app.decorate('tickets', createTickets(app.db, app.tables, app.transaction))
  app.cleanup.add((now) => app.tickets.deleteExpired(now))
}

export default fp(tickets, { name: 'tickets', dependencies: ['db', 'cleanup', 'users'] })
