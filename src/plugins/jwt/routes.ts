import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../errors/schemas.ts'
import { SMALL_BODY } from '../input/limits.ts'
import { refreshLogin } from './rotation.ts'
import { RefreshBody, TokenReply } from './schemas.ts'

/** /api/auth */
const routes: FastifyPluginAsyncTypebox = async (app) => {
  const { logins, revocations, tokens } = app
  const { REFRESH_GRACE, REFRESH_TOKEN_TTL } = app.config
  const rotation = { logins, revocations, graceSeconds: REFRESH_GRACE, idleTtl: REFRESH_TOKEN_TTL }

  app.post('/token-refresh', {
    schema: {
      summary: 'A new access token, and the refresh token to use from now on',
      tags: ['auth'],
      security: [],
      body: RefreshBody,
      response: { 200: TokenReply, ...problems(400, 401, 413) }
    },
    bodyLimit: SMALL_BODY,
    compress: false,
    handler: async (request) => {
      const now = new Date()
      const login = await refreshLogin(rotation, tokens.verifyRefresh(request.body.refreshToken, now), now)
      return tokens.issue(login, now)
    }
  })
}

export default routes
