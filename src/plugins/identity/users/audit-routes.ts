import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../platform/errors/schemas.ts'
import { accountOf } from '../auth/account.ts'
import { EventsQuery, EventsReply } from './audit-schemas.ts'

/** /api/users */
const routes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/me/events', {
    schema: {
      summary: 'List the security activity of your account, newest first, 50 per page',
      tags: ['users'],
      querystring: EventsQuery,
      response: { 200: EventsReply, ...problems(400, 401) }
    },
    onRequest: app.authenticate,
    handler: async (request) => {
      const { events, nextCursor } = await app.audit.list(accountOf(request).userId, request.query.cursor)
      return { events: events.map(({ sid, ...event }) => ({ ...event, sessionId: sid })), nextCursor }
    }
  })
}

export default routes
