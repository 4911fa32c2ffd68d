import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { SMALL_BODY } from '../../http/body/limits.ts'
import { problems } from '../../platform/errors/schemas.ts'
import { InvalidToken, TokenExpired } from '../auth/errors.ts'
import { RefreshTokenReused, TokenRevoked } from './errors.ts'
import { createRefresh } from './refresh.ts'
import { RefreshBody, TokenReply } from './schemas.ts'

/** /api/auth */
const routes: FastifyPluginAsyncTypebox = async (app) => {
  const refresh = createRefresh(app)
  const refusals = [InvalidToken, TokenExpired, TokenRevoked, RefreshTokenReused]

  app.post('/token-refresh', {
    schema: {
      summary: 'Refresh: get a new access token, and the refresh token to use from now on',
      tags: ['auth'],
      security: [],
      description: 'Without a body, the refresh token is read from the cookie (`refreshIn: "cookie"`).',
      body: RefreshBody,
      'x-optional-body': true,
      response: { 200: TokenReply, ...problems(400, ...refusals) }
    },
    bodyLimit: SMALL_BODY,
    compress: false,
    // A missing body is invalid only without the cookie.
    attachValidation: true,
    async handler(request, reply) {
      const cookie = request.body === undefined ? app.refreshCookie.read(request, reply) : undefined
      if (cookie === undefined && request.validationError) throw request.validationError
      return refresh(request, reply, cookie ?? request.body.refreshToken)
    }
  })
}

export default routes
