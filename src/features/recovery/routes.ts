import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { SMALL_BODY } from '../../plugins/http/body/limits.ts'
import { NoContent } from '../../plugins/http/schemas.ts'
import { InvalidCode, TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import { PasswordTooCommon } from '../../plugins/identity/users/errors.ts'
import { normalizeCredentials } from '../../plugins/identity/users/normal-form.ts'
import { problems } from '../../plugins/platform/errors/schemas.ts'
import { EmailAlreadyVerified, TooManyMails } from './errors.ts'
import type { createReset } from './reset.ts'
import { CodeBody, EmailBody, OpenTicket, ResetBody } from './schemas.ts'
import type { createVerification } from './verification.ts'

type Own = { verification: ReturnType<typeof createVerification>; reset: ReturnType<typeof createReset> }
const common = { bodyLimit: SMALL_BODY, compress: false } as const
const tags = ['recovery']

/** /api/auth: verification of an address, and password reset. */
export function createRoutes({ verification, reset }: Own): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post('/email-verification', {
      schema: {
        summary: 'Get a code that verifies your email address',
        tags,
        response: { 202: OpenTicket, ...problems(401, EmailAlreadyVerified, TooManyMails) }
      },
      ...common,
      onRequest: app.authenticate,
      handler: async (request, reply) => reply.code(202).send(await verification.ask(request))
    })

    app.put('/email-verification', {
      schema: {
        summary: 'Verify your email address with the code',
        tags,
        body: CodeBody,
        response: { 200: app.userView.schema(), ...problems(400, 401, InvalidCode, TicketInvalid) }
      },
      ...common,
      onRequest: app.authenticate,
      handler: async (request) => verification.finish(request, request.body)
    })

    app.post('/password-reset', {
      schema: {
        summary: 'Get a code that resets your password, if this is the address of an account',
        tags,
        security: [],
        body: EmailBody,
        response: { 202: OpenTicket, ...problems(400, TooManyMails) }
      },
      ...common,
      handler: async (request, reply) => reply.code(202).send(await reset.ask(request, request.body.email))
    })

    app.put('/password-reset', {
      schema: {
        summary: 'Set a new password with the code: ends all sessions',
        tags,
        security: [],
        body: ResetBody(app.config.PASSWORD_MIN_LENGTH),
        response: { 204: NoContent, ...problems(400, InvalidCode, TicketInvalid, PasswordTooCommon) }
      },
      ...common,
      preValidation: normalizeCredentials,
      handler: async (request, reply) => {
        await reset.finish(request, request.body)
        reply.code(204)
      }
    })
  }
}
