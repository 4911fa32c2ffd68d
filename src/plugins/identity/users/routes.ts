import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { SMALL_BODY } from '../../http/body/limits.ts'
import { NoContent } from '../../http/schemas.ts'
import { Unauthenticated } from '../../platform/errors/errors.ts'
import { problems } from '../../platform/errors/schemas.ts'
import { accountOf } from '../auth/account.ts'
import { InvalidCredentials, ReauthenticationRequired } from '../auth/errors.ts'
import { renewedReplies } from '../auth/schemas.ts'
import { TooManyAttempts } from '../throttle/errors.ts'
import { PasswordTooCommon, UsernameTaken } from './errors.ts'
import { normalizeCredentials } from './normal-form.ts'
import { NameChanges, PasswordBody, type Profile } from './schemas.ts'
import securityRoutes from './security-routes.ts'

/** /api/users */
const routes: FastifyPluginAsyncTypebox = async (app) => {
  const { users, userView, strategies, passwordLogin, revocations, audit, throttle } = app
  const tags = ['users']
  const UserReply = userView.schema()
  const bodyLimit = SMALL_BODY
  const deletionRefusals = app.deletionChecks.flatMap(({ refusals = [] }) => refusals)

  /** Throws UNAUTHENTICATED if the user was deleted after the credential was checked. */
  async function found(user: Profile | null) {
    if (user === null) throw new Unauthenticated()
    return userView.show(user)
  }

  app.get('/me', {
    schema: { summary: 'Get your account', tags, response: { 200: UserReply, ...problems(401) } },
    compress: false,
    onRequest: app.authenticate,
    handler: async (request) => found(await users.findProfile(accountOf(request).userId))
  })

  app.patch('/me', {
    schema: {
      summary: 'Change your username or name',
      tags,
      body: NameChanges,
      response: { 200: UserReply, ...problems(400, 401, UsernameTaken, TooManyAttempts) }
    },
    bodyLimit,
    onRequest: app.authenticate,
    handler: async (request) => {
      const { userId } = accountOf(request)
      const change = () => users.update(userId, request.body, new Date())
      const { username } = request.body
      const user = await found(await (username === undefined ? change() : throttle.takeName(request, change)))
      await audit.record(request, 'user_updated')
      return user
    }
  })

  app.put('/me/password', {
    schema: {
      summary: 'Change your password: renews this session and ends all others',
      tags,
      body: PasswordBody(app.config.PASSWORD_MIN_LENGTH),
      response: {
        ...renewedReplies([...strategies.values()].map(({ openapi }) => openapi)),
        ...problems(400, 401, InvalidCredentials, PasswordTooCommon, TooManyAttempts)
      }
    },
    bodyLimit,
    compress: false,
    onRequest: app.authenticate,
    preValidation: normalizeCredentials,
    handler: async (request, reply) => {
      const { currentPassword, newPassword } = request.body
      const { members } = await passwordLogin.changePassword(request, reply, currentPassword, newPassword)
      return reply.code(members ? 200 : 204).send(members ?? undefined)
    }
  })

  app.delete('/me', {
    schema: {
      summary: 'Delete your account and end all its sessions; requires a fresh session',
      tags,
      response: { 204: NoContent, ...problems(401, ReauthenticationRequired, ...deletionRefusals) }
    },
    onRequest: [app.authenticateToRevoke(({ revokedReason }) => revokedReason === 'deletion'), app.requireFresh],
    handler: async (request, reply) => {
      const { userId, sid, kind } = accountOf(request)
      await revocations.deleteUser(request, userId, new Date(), sid)
      strategies.get(kind)?.signOut(request, reply, sid)
      reply.code(204)
    }
  })

  await app.register(securityRoutes)
}

export default routes
