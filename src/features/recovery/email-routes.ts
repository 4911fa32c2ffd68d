import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { SMALL_BODY } from '../../plugins/http/body/limits.ts'
import { ReauthenticationRequired } from '../../plugins/identity/auth/errors.ts'
import { renewedReplies } from '../../plugins/identity/auth/schemas.ts'
import { InvalidCode, TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import { EmailTaken } from '../../plugins/identity/users/errors.ts'
import { problems } from '../../plugins/platform/errors/schemas.ts'
import type { createEmailChange } from './email-change.ts'
import { TooManyMails } from './errors.ts'
import { CodeBody, EmailBody, OpenTicket } from './schemas.ts'

/** /api/users/me: the change of an address. */
export function createEmailRoutes(emailChange: ReturnType<typeof createEmailChange>): FastifyPluginAsyncTypebox {
  return async (app) => {
    const contracts = [...app.strategies.values()].map(({ openapi }) => openapi)
    const common = { bodyLimit: SMALL_BODY, compress: false } as const
    const tags = ['recovery']

    app.post('/email', {
      schema: {
        summary: 'Get a code at a new email address; requires a fresh session',
        tags,
        body: EmailBody,
        response: { 202: OpenTicket, ...problems(400, 401, ReauthenticationRequired, TooManyMails) }
      },
      ...common,
      onRequest: [app.authenticate, app.requireFresh],
      handler: async (request, reply) => reply.code(202).send(await emailChange.ask(request, request.body.email))
    })

    app.put('/email', {
      schema: {
        summary: 'Change your email address with the code: renews this session and ends all others',
        tags,
        body: CodeBody,
        response: { ...renewedReplies(contracts), ...problems(400, 401, InvalidCode, TicketInvalid, EmailTaken) }
      },
      ...common,
      onRequest: app.authenticate,
      handler: async (request, reply) => {
        const { members } = await emailChange.finish(request, reply, request.body)
        return reply.code(members ? 200 : 204).send(members ?? undefined)
      }
    })
  }
}
