import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { SMALL_BODY } from '../../plugins/http/body/limits.ts'
import { IdParams, NoContent } from '../../plugins/http/schemas.ts'
import { accountOf } from '../../plugins/identity/auth/account.ts'
import { ReauthenticationRequired } from '../../plugins/identity/auth/errors.ts'
import { isUuid } from '../../plugins/platform/db/ids.ts'
import { Unauthenticated } from '../../plugins/platform/errors/errors.ts'
import { problems } from '../../plugins/platform/errors/schemas.ts'
import type { Abilities } from './abilities.ts'
import { TokenNotFound, TooManyTokens } from './errors.ts'
import { NewTokenReply, TokenBody, TokenList } from './schemas.ts'
import type { ApiTokens } from './tokens.ts'

/** /api/users/me/tokens: for sessions only, so that no token can make another one. */
export function createRoutes(apiTokens: ApiTokens, abilities: Abilities): FastifyPluginAsyncTypebox {
  return async (app) => {
    const { audit } = app
    const tags = ['users']

    app.post('', {
      schema: {
        summary: 'Make an API token; requires a fresh session',
        tags,
        body: TokenBody(abilities, app.config.API_TOKEN_MAX_AGE),
        response: { 201: NewTokenReply, ...problems(400, 401, ReauthenticationRequired, TooManyTokens) }
      },
      bodyLimit: SMALL_BODY,
      compress: false,
      onRequest: [app.authenticate, app.requireFresh, app.requireEnrollable],
      handler: async (request, reply) => {
        const now = new Date()
        const { expiresIn = 0, ...given } = request.body
        const expiresAt = new Date(now.getTime() + expiresIn * 1000)
        const made = await apiTokens.create(accountOf(request), { ...given, expiresAt }, now)
        if (made === null) throw new Unauthenticated()
        await audit.record(request, 'api_token_created', { tokenId: made.id })
        return reply.code(201).send(made)
      }
    })

    app.get('', {
      schema: { summary: 'List your API tokens', tags, response: { 200: TokenList, ...problems(401) } },
      onRequest: app.authenticate,
      handler: async (request) => ({ tokens: await apiTokens.list(accountOf(request).userId, new Date()) })
    })

    app.delete('/:id', {
      schema: {
        summary: 'Delete an API token, which ends it at once',
        tags,
        params: IdParams,
        response: { 204: NoContent, ...problems(401, TokenNotFound) }
      },
      onRequest: app.authenticate,
      handler: async (request, reply) => {
        const { id } = request.params
        if (!isUuid(id)) throw new TokenNotFound()
        await apiTokens.remove(accountOf(request).userId, id)
        await audit.record(request, 'api_token_deleted', { tokenId: id })
        reply.code(204)
      }
    })
  }
}
