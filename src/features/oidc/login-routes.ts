import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { SMALL_BODY } from '../../plugins/http/body/limits.ts'
import { CrossOriginRequest } from '../../plugins/http/cookies/errors.ts'
import { LoginReply } from '../../plugins/identity/auth/schemas.ts'
import { TooManyAttempts } from '../../plugins/identity/throttle/errors.ts'
import { TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import { EmailTaken, UsernameTaken } from '../../plugins/identity/users/errors.ts'
import { problems } from '../../plugins/platform/errors/schemas.ts'
import * as errors from './errors.ts'
import type { Flow } from './flow.ts'
import type { Logins } from './logins.ts'
import { LoginBody, ProviderList, ProviderParams, SignUpBody, StartReply } from './schemas.ts'

/** /api/auth/oidc */
export function createLoginRoutes(flow: Flow, logins: Logins): FastifyPluginAsyncTypebox {
  return async (app) => {
    const { strategies, userView } = app
    const contracts = [...strategies.values()].map(({ openapi }) => openapi)
    const gateRefusals = app.gates.flatMap(({ refusals = [] }) => refusals)
    const common = { bodyLimit: SMALL_BODY, compress: false as const }
    // The reply may set a cookie, so a foreign page is refused even if no cookie comes along.
    const entering = { ...common, onRequest: async (request: FastifyRequest) => app.refuseForeignPage(request) }
    const tags = ['auth']

    app.get('', {
      schema: { summary: 'List the providers to log in with', tags, security: [], response: { 200: ProviderList } },
      handler: async () => ({ providers: flow.list() })
    })

    app.post('/:provider', {
      schema: {
        summary: 'Begin to log in with a provider, to link it, or to confirm that it is you',
        tags,
        security: [],
        params: ProviderParams,
        response: {
          200: StartReply,
          ...problems(errors.ProviderNotFound, errors.ProviderUnavailable, TooManyAttempts)
        }
      },
      ...common,
      handler: async (request, reply) => flow.start(request, request.params.provider, await isLoggedIn(request, reply))
    })

    app.post('/login', {
      schema: {
        summary: 'Log in with the response of a provider',
        tags,
        security: [],
        body: LoginBody([...strategies.values()]),
        response: {
          200: LoginReply(contracts, userView.schema()),
          ...problems(400, TicketInvalid, errors.OidcFailed, CrossOriginRequest, TooManyAttempts, ...gateRefusals),
          ...problems(errors.AccountExists, errors.SignUpRequired, errors.EmailUnverified, errors.ProviderUnavailable)
        }
      },
      ...entering,
      handler: async (request, reply) => {
        const { user, members } = await logins.logIn(request, reply, request.body)
        return { user: await userView.show(user), ...members }
      }
    })

    app.post('/signup', {
      schema: {
        summary: 'Create an account for somebody whom a provider confirmed, and log in',
        tags,
        security: [],
        body: SignUpBody([...strategies.values()]),
        response: {
          201: LoginReply(contracts, userView.schema()),
          ...problems(400, TicketInvalid, CrossOriginRequest, UsernameTaken, EmailTaken, TooManyAttempts)
        }
      },
      ...entering,
      handler: async (request, reply) => {
        const { user, members } = await logins.signUp(request, reply, request.body)
        return reply.code(201).send({ user: await userView.show(user), ...members })
      }
    })

    /** Whether the request has a valid credential. An invalid one is not an error here. */
    async function isLoggedIn(request: FastifyRequest, reply: FastifyReply) {
      const account = await app.identify(request, reply).catch((error: { statusCode?: number }) => {
        if (error.statusCode === 401) return null
        throw error
      })
      return account !== null
    }
  }
}
