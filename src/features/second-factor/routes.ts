import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { SMALL_BODY } from '../../plugins/http/body/limits.ts'
import { CrossOriginRequest } from '../../plugins/http/cookies/errors.ts'
import { LoginReply } from '../../plugins/identity/auth/schemas.ts'
import { TooManyAttempts } from '../../plugins/identity/throttle/errors.ts'
import { InvalidCode, TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import { problems } from '../../plugins/platform/errors/schemas.ts'
import { createConfirm } from './confirm.ts'
import type { Methods } from './methods.ts'
import { confirmedReplies, SecondFactorBody } from './schemas.ts'

/** /api/auth/second-factor */
export function createRoutes(methods: Methods): FastifyPluginAsyncTypebox {
  return async (app) => {
    const { strategies, userView } = app
    const contracts = [...strategies.values()].map(({ openapi }) => openapi)
    const confirm = createConfirm(app, methods)

    app.post('/second-factor', {
      schema: {
        summary: 'Finish a login with a second factor',
        tags: ['auth'],
        security: [],
        body: SecondFactorBody(methods.schemas()),
        response: {
          ...confirmedReplies(contracts, LoginReply(contracts, userView.schema())),
          ...problems(400, TicketInvalid, InvalidCode, CrossOriginRequest, TooManyAttempts)
        }
      },
      bodyLimit: SMALL_BODY,
      compress: false,
      // The reply may set a cookie, so a foreign page is refused even if no cookie comes along.
      onRequest: async (request) => app.refuseForeignPage(request),
      handler: async (request, reply) => {
        const { user, members } = await confirm(request, reply, request.body)
        if (user) return { user: await userView.show(user), ...members }
        return reply.code(members ? 200 : 204).send(members ?? undefined)
      }
    })
  }
}
