import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../errors/schemas.ts'
import { SMALL_BODY } from '../input/limits.ts'
import { createRefresh } from './refresh.ts'
import { RefreshBody, TokenReply } from './schemas.ts'

/** /api/auth */
const routes: FastifyPluginAsyncTypebox = async (app) => {
  const refresh = createRefresh(app)

  app.post('/token-refresh', {
    schema: {
      summary: 'A new access token, and the refresh token to use from now on',
      tags: ['auth'],
      security: [],
      body: RefreshBody,
      response: { 200: TokenReply, ...problems(400, 401, 413, 429) }
    },
    bodyLimit: SMALL_BODY,
    compress: false,
    handler: (request) => refresh(request, request.body.refreshToken, new Date())
  })
}

export default routes
