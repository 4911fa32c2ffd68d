import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { SMALL_BODY } from '../../plugins/http/body/limits.ts'
import { closed } from '../../plugins/http/schemas.ts'
import { accountOf } from '../../plugins/identity/auth/account.ts'
import { ReauthenticationRequired, SecondFactorNotEnabled } from '../../plugins/identity/auth/errors.ts'
import { renewedReplies } from '../../plugins/identity/auth/schemas.ts'
import { InvalidCode } from '../../plugins/identity/tickets/errors.ts'
import { problems } from '../../plugins/platform/errors/schemas.ts'
import type { Enrollment } from './enrollment.ts'
import { TotpAlreadyEnabled } from './errors.ts'
import { EnabledReply, RecoveryCodesReply, TotpReply } from './schemas.ts'
import { Code } from './typed-codes.ts'

/** /api/users/me/totp and /api/users/me/recovery-codes, for a user who has just authenticated (ASVS 5.0, 7.5.1). */
export function createTotpRoutes(enrollment: Enrollment): FastifyPluginAsyncTypebox {
  return async (app) => {
    const contracts = [...app.strategies.values()].map(({ openapi }) => openapi)
    const common = { bodyLimit: SMALL_BODY, compress: false as const, onRequest: [app.authenticate, app.requireFresh] }
    const tags = ['users']

    app.post('/totp', {
      schema: {
        summary: 'Begin to set up an authenticator app',
        tags,
        response: { 201: TotpReply, ...problems(401, ReauthenticationRequired, TotpAlreadyEnabled) }
      },
      ...common,
      onRequest: [...common.onRequest, app.requireEnrollable],
      handler: async (request, reply) => reply.code(201).send(await enrollment.begin(accountOf(request).userId))
    })

    app.put('/totp', {
      schema: {
        summary: 'Confirm the authenticator app: ends your other sessions and renews this one',
        tags,
        body: Type.Object({ code: Code }, closed),
        response: {
          200: EnabledReply(contracts),
          ...problems(400, 401, InvalidCode, ReauthenticationRequired, TotpAlreadyEnabled)
        }
      },
      ...common,
      handler: async (request, reply) => {
        const { recoveryCodes, members } = await enrollment.confirm(request, reply, request.body.code)
        return { recoveryCodes, ...members }
      }
    })

    app.delete('/totp', {
      schema: {
        summary: 'Remove the authenticator app and the recovery codes: renews this session',
        tags,
        response: { ...renewedReplies(contracts), ...problems(401, ReauthenticationRequired) }
      },
      ...common,
      handler: async (request, reply) => {
        const { members } = await enrollment.remove(request, reply)
        return reply.code(members ? 200 : 204).send(members ?? undefined)
      }
    })

    app.post('/recovery-codes', {
      schema: {
        summary: 'Replace your recovery codes',
        tags,
        response: { 200: RecoveryCodesReply, ...problems(401, ReauthenticationRequired, SecondFactorNotEnabled) }
      },
      ...common,
      handler: async (request) => ({ recoveryCodes: await enrollment.replaceCodes(request) })
    })
  }
}
