import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { accountOf } from '../auth/account.ts'
import { Unauthenticated } from '../auth/errors.ts'
import { problems } from '../errors/schemas.ts'
import { toUserReply, UserReply } from './schemas.ts'

/** /api/users */
const routes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/me', {
    schema: { summary: 'Who I am', tags: ['users'], response: { 200: UserReply, ...problems(401) } },
    onRequest: app.authenticate,
    handler: async (request) => {
      const user = await app.users.find(accountOf(request).userId)
      // Deleted since the credential was checked.
      if (user === null) throw new Unauthenticated()
      return toUserReply(user)
    }
  })
}

export default routes
