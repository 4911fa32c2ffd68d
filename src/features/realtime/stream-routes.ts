import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { CrossOriginRequest } from '../../plugins/http/cookies/errors.ts'
import { accountOf } from '../../plugins/identity/auth/account.ts'
import { TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import { problems } from '../../plugins/platform/errors/schemas.ts'
import { NotAcceptable } from './errors.ts'
import type { Parts } from './parts.ts'
import { LastEventId, StreamQuery, StreamReply, TicketReply } from './schemas.ts'
import type { Streams } from './streams.ts'

const ACCEPTED = /(^|,)\s*(text\/event-stream|text\/\*|\*\/\*)\s*(;|,|$)/i

/** The headers of the reply. A connection that carried a stream carries nothing after it, so that a stop does not wait for it. */
const HEAD = { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no', connection: 'close' }

/** /api/realtime */
export function createStreamRoutes(
  streams: Streams,
  { streamTickets, authenticateStream }: Pick<Parts, 'streamTickets' | 'authenticateStream'>
): FastifyPluginAsyncTypebox {
  return async (app) => {
    const tags = ['notifications']

    async function requireEventStream({ headers: { accept = '*/*' } }: FastifyRequest) {
      if (!ACCEPTED.test(accept)) throw new NotAcceptable()
    }

    app.get('/stream', {
      schema: {
        summary: 'Receive your notifications as they are sent',
        tags,
        headers: Type.Object(LastEventId),
        querystring: StreamQuery,
        response: { 200: StreamReply, ...problems(400, 401, TicketInvalid, CrossOriginRequest, NotAcceptable) }
      },
      config: { isStream: true },
      exposeHeadRoute: false,
      onRequest: [requireEventStream, authenticateStream],
      handler: async (request, reply) => {
        const last = request.headers['last-event-id'] || request.query.after
        const after = last === undefined ? null : Number(last)
        await streams.open(accountOf(request), after, reply.raw, () => {
          reply.hijack()
          app.unbatched.add(request.raw.socket)
          // The end of the connection ends the reply, so no frame has to be wrapped in a chunk.
          reply.raw.removeHeader('transfer-encoding')
          reply.raw.writeHead(200, { ...reply.getHeaders(), ...HEAD } as Record<string, string>)
        })
      }
    })

    app.post('/tickets', {
      schema: {
        summary: 'Get a ticket that opens one stream',
        tags,
        response: { 201: TicketReply, ...problems(401) }
      },
      onRequest: app.authenticate,
      compress: false,
      handler: async (request, reply) =>
        reply.code(201).send(await streamTickets.create(accountOf(request), new Date()))
    })
  }
}
