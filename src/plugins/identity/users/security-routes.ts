import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { Unauthenticated } from '../../platform/errors/errors.ts'
import { problems } from '../../platform/errors/schemas.ts'
import { accountOf } from '../auth/account.ts'
import { hasPassword } from './passwords.ts'
import { readMembers, withMembers } from './user-view.ts'

/** /api/users/me/security, with what the features add to it. */
const routes: FastifyPluginAsyncTypebox = async (app) => {
  const { users, securityView } = app

  app.get('/me/security', {
    schema: {
      summary: 'Get the state of the security of your account',
      tags: ['users'],
      response: { 200: withMembers({ hasPassword: Type.Boolean() }, securityView), ...problems(401) }
    },
    onRequest: app.authenticate,
    handler: async (request) => {
      const user = await users.find(accountOf(request).userId)
      if (user === null) throw new Unauthenticated()
      return { hasPassword: hasPassword(user), ...(await readMembers(securityView, user.id)) }
    }
  })
}

export default routes
