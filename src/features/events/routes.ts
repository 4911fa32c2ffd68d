import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { accountOf } from '../../plugins/identity/auth/account.ts'
import { problems } from '../../plugins/platform/errors/schemas.ts'
import type { Events } from './events.ts'
import { EventsQuery, EventsReply } from './schemas.ts'

/** /api/users */
export const createRoutes =
  ({ list }: Pick<Events, 'list'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get('/me/events', {
      schema: {
        summary: 'List the security activity of your account, newest first, 50 per page',
        tags: ['users'],
        querystring: EventsQuery,
        response: { 200: EventsReply, ...problems(400, 401) }
      },
      onRequest: app.authenticate,
      handler: async (request) => {
        const { events, nextCursor } = await list(accountOf(request).userId, request.query.cursor)
        return { events: events.map(({ sid, ...event }) => ({ ...event, sessionId: sid })), nextCursor }
      }
    })
  }
