import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { SMALL_BODY } from '../../http/body/limits.ts'
import { CrossOriginRequest } from '../../http/cookies/errors.ts'
import { NoContent } from '../../http/schemas.ts'
import { Unauthenticated } from '../../platform/errors/errors.ts'
import { problems } from '../../platform/errors/schemas.ts'
import { TooManyAttempts } from '../throttle/errors.ts'
import { EmailTaken, PasswordTooCommon, UsernameTaken } from '../users/errors.ts'
import { normalizeCredentials } from '../users/normal-form.ts'
import { accountOf } from './account.ts'
import { checkAuth } from './check-auth.ts'
import { InvalidCredentials } from './errors.ts'
import reauthenticateRoute from './reauthenticate-route.ts'
import * as schemas from './schemas.ts'
import sessionRoutes from './session-routes.ts'
import { createSignUp } from './sign-up.ts'

const withPassword = { bodyLimit: SMALL_BODY, preValidation: normalizeCredentials }

/** /api/auth */
const routes: FastifyPluginAsyncTypebox = async (app) => {
  const { strategies, passwordLogin, revocations, userView } = app
  const UserReply = userView.schema()
  const signUp = createSignUp(app)
  const contracts = [...strategies.values()].map(({ openapi }) => openapi)
  const gateRefusals = app.gates.flatMap(({ refusals = [] }) => refusals)
  const tags = ['auth']
  const index = { summary: 'Check that the service answers', tags, response: { 200: schemas.StatusReply } }
  app.get('', { schema: index, handler: async () => ({ status: 'All set!' }) })

  app.post('/signup', {
    schema: {
      summary: 'Create an account',
      tags,
      body: schemas.SignUpBody(app.config.PASSWORD_MIN_LENGTH),
      response: {
        201: schemas.SignUpReply(UserReply, app.signUpMembers),
        ...problems(400, UsernameTaken, EmailTaken, PasswordTooCommon, TooManyAttempts)
      }
    },
    ...withPassword,
    handler: async (request, reply) => reply.code(201).send(await signUp(request, request.body))
  })

  app.post('/login', {
    schema: {
      summary: 'Log in with a cookie or with tokens',
      tags,
      security: [],
      body: schemas.LoginBody([...strategies.values()]),
      response: {
        200: schemas.LoginReply(contracts, UserReply),
        ...problems(400, InvalidCredentials, CrossOriginRequest, TooManyAttempts, ...gateRefusals)
      }
    },
    ...withPassword,
    compress: false,
    handler: async (request, reply) => {
      const { user, members } = await passwordLogin.logIn(request, reply, request.body)
      return { user: await userView.show(user), ...members }
    }
  })

  app.post('/logout', {
    schema: { summary: 'Log out: ends this session', tags, response: { 204: NoContent, ...problems(401) } },
    onRequest: app.authenticateToRevoke(() => true),
    handler: async (request, reply) => {
      const { sid, kind } = accountOf(request)
      const session = await revocations.revoke(request, sid, 'logout', new Date())
      // Another request has just renewed the session, and the new credential of the client is still valid.
      if (session?.revokedReason === 'renewed') throw new Unauthenticated()
      strategies.get(kind)?.signOut(request, reply, sid)
      reply.code(204)
    }
  })

  app.get('/whoami', {
    schema: {
      summary: 'Get the user id and session of a credential without reading the user; for nginx auth_request',
      tags,
      response: { 200: schemas.WhoamiReply, ...problems(401) }
    },
    compress: false,
    onRequest: app.authenticate,
    handler: async (request, reply) => {
      const { userId, sid, kind, freshUntil } = accountOf(request)
      reply.header('x-user-id', userId)
      return { userId, sessionId: sid, kind, freshUntil }
    }
  })

  app.get('/check-auth', {
    schema: { summary: 'Check whether you are logged in', tags, response: { 200: schemas.CheckAuthReply(UserReply) } },
    compress: false,
    handler: (request, reply) => checkAuth(app, request, reply)
  })

  await app.register(reauthenticateRoute)
  await app.register(sessionRoutes, { prefix: '/sessions' })
}

export default routes
