import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { SMALL_BODY } from '../../plugins/http/body/limits.ts'
import { NoContent } from '../../plugins/http/schemas.ts'
import { accountOf } from '../../plugins/identity/auth/account.ts'
import { problems } from '../../plugins/platform/errors/schemas.ts'
import type { Inbox } from './inbox.ts'
import { NotificationsQuery, NotificationsReply, ReadBody } from './schemas.ts'

/** /api/notifications */
export function createRoutes(inbox: Inbox): FastifyPluginAsyncTypebox {
  return async (app) => {
    const tags = ['notifications']

    app.get('', {
      schema: {
        summary: 'List your notifications, newest first',
        tags,
        querystring: NotificationsQuery,
        response: { 200: NotificationsReply, ...problems(400, 401) }
      },
      onRequest: app.authenticate,
      handler: async (request) => inbox.list(accountOf(request).userId, request.query.before, request.query.limit)
    })

    app.post('/read', {
      schema: {
        summary: 'Mark notifications as read',
        tags,
        body: ReadBody,
        response: { 204: NoContent, ...problems(400, 401) }
      },
      bodyLimit: SMALL_BODY,
      onRequest: app.authenticate,
      handler: async (request, reply) => {
        await inbox.markRead(accountOf(request).userId, request.body.upTo, new Date())
        reply.code(204)
      }
    })
  }
}
