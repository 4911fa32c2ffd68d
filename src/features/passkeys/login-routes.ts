import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { SMALL_BODY } from '../../plugins/http/body/limits.ts'
import { CrossOriginRequest } from '../../plugins/http/cookies/errors.ts'
import { LoginReply } from '../../plugins/identity/auth/schemas.ts'
import { TooManyAttempts } from '../../plugins/identity/throttle/errors.ts'
import { InvalidCode, TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import { problems } from '../../plugins/platform/errors/schemas.ts'
import { clientAddress, networkOf } from '../../plugins/platform/logging/client-address.ts'
import type { Assertions } from './assertion.ts'
import { LoginBody, LoginChallenge } from './schemas.ts'

/** /api/auth/passkeys */
export function createLoginRoutes(assertions: Assertions): FastifyPluginAsyncTypebox {
  return async (app) => {
    const { strategies, userView, users, newSessions } = app
    const contracts = [...strategies.values()].map(({ openapi }) => openapi)
    const gateRefusals = app.gates.flatMap(({ refusals = [] }) => refusals)
    const common = { bodyLimit: SMALL_BODY, compress: false as const }

    app.post('/challenge', {
      schema: {
        summary: 'Get a challenge for a passkey',
        tags: ['auth'],
        security: [],
        response: { 200: LoginChallenge, ...problems(TooManyAttempts) }
      },
      ...common,
      handler: async (request) => assertions.challenge(networkOf(clientAddress(request)), new Date())
    })

    app.post('/login', {
      schema: {
        summary: 'Log in with a passkey',
        tags: ['auth'],
        security: [],
        body: LoginBody([...strategies.values()]),
        response: {
          200: LoginReply(contracts, userView.schema()),
          ...problems(400, TicketInvalid, InvalidCode, CrossOriginRequest, ...gateRefusals)
        }
      },
      ...common,
      // The reply may set a cookie, so a foreign page is refused even if no cookie comes along.
      onRequest: async (request) => app.refuseForeignPage(request),
      handler: async (request, reply) => {
        const now = new Date()
        const { ticket, credential, ...options } = request.body
        const { userId, methods, steps } = await assertions.prove(request, { ticket, credential }, now)
        const user = await users.find(userId)
        const proof = user && { user, methods, authenticatedAt: now }
        const started = proof && (await newSessions.start(request, reply, proof, options, steps))
        // Another request used the challenge, or the passkey or the account was removed.
        if (!started) throw new TicketInvalid()
        return { user: await userView.show(user), ...started.members }
      }
    })
  }
}
