import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import { SMALL_BODY } from '../../http/body/limits.ts'
import { Unauthenticated } from '../../platform/errors/errors.ts'
import { type ErrorType, problems } from '../../platform/errors/schemas.ts'
import { TooManyAttempts } from '../throttle/errors.ts'
import { normalizeCredentials } from '../users/normal-form.ts'
import { accountOf } from './account.ts'
import { InvalidCredentials } from './errors.ts'
import type { NamedSteps } from './insert-session.ts'
import { ReauthenticateBody, renewedReplies } from './schemas.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The ways to confirm a user next to the password, by their member of the body. */
    reauthentications: Map<string, Reauthentication>
  }
}

/** A way to confirm a user other than the password. Features add theirs to `app.reauthentications`. */
export type Reauthentication = {
  schema: TSchema
  /**
   * Returns its names in RFC 8176, the steps that use it up, and when the user authenticated, if that was not now. Throws one of the
   * `refusals`.
   */
  verify(
    request: FastifyRequest,
    userId: string,
    given: unknown,
    now: Date
  ): Promise<{ methods: string[]; steps: NamedSteps; authenticatedAt?: Date }>
  refusals: ErrorType[]
}

const latest = (one: Date, other: Date) => (one > other ? one : other)

/** /api/auth/reauthenticate */
const route: FastifyPluginAsyncTypebox = async (app) => {
  const { strategies, passwordLogin, newSessions, users, reauthentications } = app
  const contracts = [...strategies.values()].map(({ openapi }) => openapi)
  const others = [...reauthentications.values()]
  const refusals = new Set([...others, ...app.gates].flatMap(({ refusals = [] }) => refusals))

  async function confirmBy(member: string, request: FastifyRequest, reply: FastifyReply, given: unknown) {
    const now = new Date()
    const user = await users.find(accountOf(request).userId)
    const verified = user && (await reauthentications.get(member)?.verify(request, user.id, given, now))
    if (!user || !verified) throw new Unauthenticated()
    const old = await newSessions.current(request)
    const { methods, steps, authenticatedAt = now } = verified
    const proof = { user, methods, authenticatedAt: latest(authenticatedAt, old.authenticatedAt) }
    const renewed = await newSessions.reauthenticate(request, reply, proof, old, steps)
    // What was given was used by another request, or the session ended.
    if (renewed === null) throw new InvalidCredentials()
    return renewed
  }

  app.post('/reauthenticate', {
    schema: {
      summary: 'Confirm that it is you: renews this session and makes it fresh',
      tags: ['auth'],
      body: ReauthenticateBody(reauthentications),
      response: {
        ...renewedReplies(contracts),
        ...problems(400, 401, InvalidCredentials, TooManyAttempts, ...refusals)
      }
    },
    bodyLimit: SMALL_BODY,
    preValidation: normalizeCredentials,
    compress: false,
    onRequest: app.authenticate,
    handler: async (request, reply) => {
      const { password, ...other } = request.body
      const [[member, given] = ['', undefined]] = Object.entries(other)
      const { members } = await (password === undefined
        ? confirmBy(member, request, reply, given)
        : passwordLogin.reauthenticate(request, reply, password))
      return reply.code(members ? 200 : 204).send(members ?? undefined)
    }
  })
}

export default route
