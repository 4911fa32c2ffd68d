import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hasBearer } from '../../plugins/http/cookies/bearer.ts'
import type { StreamTickets } from './tickets.ts'

export type StreamGuard = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/** The guard of what stays open, an onRequest hook: by ticket, or as any other call. Throws TICKET_INVALID. */
export function createStreamGuard(
  { authenticate, refuseForeignPage }: Pick<FastifyInstance, 'authenticate' | 'refuseForeignPage'>,
  tickets: Pick<StreamTickets, 'redeem'>
): StreamGuard {
  return async function authenticateStream(request, reply) {
    const { ticket } = request.query as { ticket?: unknown }
    if (ticket !== undefined) {
      request.account = await tickets.redeem(`${ticket}`, new Date())
      return
    }
    // A stream is more than a read: a page of another origin may not open one with the cookie of its visitor.
    if (request.headers.cookie !== undefined && !hasBearer(request.headers)) refuseForeignPage(request)
    await authenticate(request, reply)
  }
}
