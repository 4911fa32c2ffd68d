import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { SMALL_BODY } from '../../plugins/http/body/limits.ts'
import { IdParams, NoContent } from '../../plugins/http/schemas.ts'
import { accountOf } from '../../plugins/identity/auth/account.ts'
import { LastCredential, ReauthenticationRequired } from '../../plugins/identity/auth/errors.ts'
import { TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import { isUuid } from '../../plugins/platform/db/ids.ts'
import { problems } from '../../plugins/platform/errors/schemas.ts'
import { IdentityNotFound, IdentityTaken, OidcFailed, ProviderUnavailable } from './errors.ts'
import type { Identities } from './identities.ts'
import type { Links } from './links.ts'
import { IdentityList, IdentityReply, LinkBody } from './schemas.ts'

/** /api/users/me/identities; changes are for a user who has just authenticated (ASVS 5.0, 7.5.1). */
export function createIdentityRoutes(links: Links, identities: Identities): FastifyPluginAsyncTypebox {
  return async (app) => {
    const { audit, loginMethods } = app
    const tags = ['users']
    const fresh = [app.authenticate, app.requireFresh]

    app.get('', {
      schema: { summary: 'List your linked accounts', tags, response: { 200: IdentityList, ...problems(401) } },
      onRequest: app.authenticate,
      handler: async (request) => ({ identities: await identities.list(accountOf(request).userId) })
    })

    app.post('', {
      schema: {
        summary: 'Link an account of a provider; requires a fresh session',
        tags,
        body: LinkBody,
        response: {
          201: IdentityReply,
          ...problems(400, 401, TicketInvalid, OidcFailed, ReauthenticationRequired, IdentityTaken, ProviderUnavailable)
        }
      },
      bodyLimit: SMALL_BODY,
      onRequest: [...fresh, app.requireEnrollable],
      handler: async (request, reply) => reply.code(201).send(await links.link(request, request.body))
    })

    app.delete('/:id', {
      schema: {
        summary: 'Unlink an account of a provider; requires a fresh session',
        tags,
        params: IdParams,
        response: { 204: NoContent, ...problems(401, IdentityNotFound, LastCredential, ReauthenticationRequired) }
      },
      onRequest: fresh,
      handler: async (request, reply) => {
        const { id } = request.params
        const { userId } = accountOf(request)
        if (!isUuid(id) || !(await loginMethods.remove('identity', userId, id))) throw new IdentityNotFound()
        await audit.record(request, 'authn_factor_removed', { reason: 'identity' })
        reply.code(204)
      }
    })
  }
}
