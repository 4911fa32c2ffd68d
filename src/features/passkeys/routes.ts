import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { SMALL_BODY } from '../../plugins/http/body/limits.ts'
import { IdParams, NoContent } from '../../plugins/http/schemas.ts'
import { accountOf } from '../../plugins/identity/auth/account.ts'
import { LastCredential, ReauthenticationRequired } from '../../plugins/identity/auth/errors.ts'
import { InvalidCode, TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import { isUuid } from '../../plugins/platform/db/ids.ts'
import { problems } from '../../plugins/platform/errors/schemas.ts'
import { PasskeyNotFound } from './errors.ts'
import type { Passkeys } from './passkeys.ts'
import type { Registrations } from './registration.ts'
import { NameBody, PasskeyList, PasskeyReply, RegistrationBody, RegistrationChallenge } from './schemas.ts'

/** /api/users/me/passkeys; changes are for a user who has just authenticated (ASVS 5.0, 7.5.1). */
export function createRoutes(registrations: Registrations, passkeys: Passkeys): FastifyPluginAsyncTypebox {
  return async (app) => {
    const { audit, loginMethods } = app
    const tags = ['users']
    const fresh = [app.authenticate, app.requireFresh]
    const enrolling = { bodyLimit: SMALL_BODY, onRequest: [...fresh, app.requireEnrollable] }

    app.post('/challenge', {
      schema: {
        summary: 'Get a challenge for a new passkey; requires a fresh session',
        tags,
        response: { 200: RegistrationChallenge, ...problems(401, ReauthenticationRequired) }
      },
      ...enrolling,
      handler: (request) => registrations.begin(request)
    })

    app.post('', {
      schema: {
        summary: 'Add a passkey; requires a fresh session',
        tags,
        body: RegistrationBody,
        response: {
          201: PasskeyReply,
          ...problems(400, 401, TicketInvalid, InvalidCode, ReauthenticationRequired)
        }
      },
      ...enrolling,
      handler: async (request, reply) => reply.code(201).send(await registrations.finish(request, request.body))
    })

    app.get('', {
      schema: { summary: 'List your passkeys', tags, response: { 200: PasskeyList, ...problems(401) } },
      onRequest: app.authenticate,
      handler: async (request) => ({ passkeys: await passkeys.list(accountOf(request).userId) })
    })

    app.patch('/:id', {
      schema: {
        summary: 'Rename a passkey; requires a fresh session',
        tags,
        params: IdParams,
        body: NameBody,
        response: { 200: PasskeyReply, ...problems(400, 401, PasskeyNotFound, ReauthenticationRequired) }
      },
      bodyLimit: SMALL_BODY,
      onRequest: fresh,
      handler: async (request) => {
        const { id } = request.params
        if (!isUuid(id)) throw new PasskeyNotFound()
        return passkeys.rename(accountOf(request).userId, id, request.body.name)
      }
    })

    app.delete('/:id', {
      schema: {
        summary: 'Remove a passkey; requires a fresh session',
        tags,
        params: IdParams,
        response: { 204: NoContent, ...problems(401, PasskeyNotFound, LastCredential, ReauthenticationRequired) }
      },
      onRequest: fresh,
      handler: async (request, reply) => {
        const { id } = request.params
        const { userId } = accountOf(request)
        if (!isUuid(id) || !(await loginMethods.remove('passkey', userId, id))) throw new PasskeyNotFound()
        await audit.record(request, 'authn_factor_removed', { reason: 'passkey' })
        reply.code(204)
      }
    })
  }
}
