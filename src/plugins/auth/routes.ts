import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { problems } from '../errors/schemas.ts'
import { SMALL_BODY } from '../input/limits.ts'
import { toUserReply } from '../users/schemas.ts'
import { accountOf } from './account.ts'
import { checkAuth } from './check-auth.ts'
import { logIn } from './credentials.ts'
import { CheckAuthReply, LoginBody, LoginReply, SignUpBody, SignUpReply, StatusReply, WhoamiReply } from './schemas.ts'

const noContent = Type.Null({ description: 'Done' })
const bodyLimit = SMALL_BODY

/** /api/auth */
const routes: FastifyPluginAsyncTypebox = async (app) => {
  const strategies = [...app.strategies.values()]
  const tags = ['auth']

  app.get('', {
    schema: { summary: 'The service answers', tags, response: { 200: StatusReply } },
    handler: async () => ({ status: 'All set!' })
  })

  app.post('/signup', {
    schema: {
      summary: 'Make an account',
      tags,
      body: SignUpBody(app.config.PASSWORD_MIN_LENGTH),
      response: { 201: SignUpReply, ...problems(400, 409, 413) }
    },
    bodyLimit,
    handler: async (request, reply) => {
      const { username, email, name, password } = request.body
      // First what is cheap: a taken name costs no hash. The insert decides.
      await app.users.refuseTaken(username, email)
      const passwordHash = await app.passwords.hash(password)
      const user = await app.users.create({ username, email, name, passwordHash }, new Date())
      return reply.code(201).send({ user: toUserReply(user) })
    }
  })

  app.post('/login', {
    schema: {
      summary: 'Log in by cookie or by token',
      tags,
      security: [],
      body: LoginBody(strategies.map(({ kind }) => kind)),
      response: { 200: LoginReply(strategies.map((strategy) => strategy.reply)), ...problems(400, 401, 403, 413) }
    },
    bodyLimit,
    compress: false,
    handler: async (request, reply) => {
      const { authType, remember = true } = request.body
      const strategy = strategies.find(({ kind }) => kind === authType)
      strategy?.admit(request)
      return logIn(app, request.body, async (user) => strategy?.signIn(request, reply, user, remember) ?? null)
    }
  })

  app.post('/logout', {
    schema: { summary: 'End this login', tags, response: { 204: noContent, ...problems(401, 403) } },
    onRequest: app.authenticateToLogOut,
    handler: async (request, reply) => {
      const { sid, kind } = accountOf(request)
      await app.revocations.revoke(sid, 'logout', new Date())
      app.strategies.get(kind)?.signOut(reply)
      reply.code(204)
    }
  })

  app.get('/whoami', {
    schema: {
      summary: 'Whose credential this is, without reading the user; for nginx auth_request',
      tags,
      response: { 200: WhoamiReply, ...problems(401) }
    },
    onRequest: app.authenticate,
    handler: async (request, reply) => {
      const { userId, sid, kind, freshUntil } = accountOf(request)
      reply.header('x-user-id', userId)
      return { userId, sessionId: sid, kind, freshUntil }
    }
  })

  app.get('/check-auth', {
    schema: { summary: 'Am I logged in, and for how long?', tags, response: { 200: CheckAuthReply } },
    handler: (request, reply) => checkAuth(app, request, reply)
  })
}

export default routes
