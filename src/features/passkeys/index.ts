import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import Type, { type TSchema } from 'typebox'
import './audit-events.ts'
import './env.ts'
import { InvalidCode, TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import { type Assertion, createAssertions, type Verified } from './assertion.ts'
import { createLoginRoutes } from './login-routes.ts'
import { createPasskeys } from './passkeys.ts'
import { createRegistrations } from './registration.ts'
import { createRelyingParty } from './relying-party.ts'
import { createRoutes } from './routes.ts'
import { AssertionMember } from './schemas.ts'

/** As much of `app.secondFactors` as passkeys use: second factors may be off, or removed. */
type SecondFactors = {
  add(
    name: string,
    method: {
      member: string
      schema: TSchema
      isAvailable(userId: string): Promise<boolean>
      verify(request: FastifyRequest, userId: string, given: unknown, now: Date): Promise<Verified>
    }
  ): void
}
const secondFactorsOf = (app: FastifyInstance) =>
  app.hasDecorator('secondFactors') ? app.getDecorator<SecondFactors | null>('secondFactors') : null

/** Passkeys (WebAuthn): a complete login without a name and a password. Off without PASSKEY_RP_ID. */
async function passkeys(app: FastifyInstance) {
  const { PASSKEY_RP_ID } = app.config
  const passkeys = createPasskeys(app.db, app.tables, app.transaction)
  app.factorRemovals.push(passkeys.removal)
  if (PASSKEY_RP_ID === null) return

  const relyingParty = createRelyingParty(PASSKEY_RP_ID, app.config)
  const assertions = createAssertions(app, relyingParty, passkeys)
  app.loginMethods.add('passkey', passkeys.loginMethod)
  app.reauthentications.set('passkey', {
    ...{ schema: AssertionMember, refusals: [TicketInvalid, InvalidCode] },
    verify: (request, userId, given, now) => assertions.prove(request, given as Assertion, now, userId)
  })
  secondFactorsOf(app)?.add('passkey', {
    ...{ member: 'passkey', schema: AssertionMember },
    isAvailable: async (userId) => (await passkeys.count(userId)) > 0,
    verify: (request, userId, given, now) => assertions.verify(request, given as Assertion, now, userId)
  })
  app.securityView.set('passkeys', { schema: Type.Integer(), read: passkeys.count })
  app.mount('/api/auth/passkeys', createLoginRoutes(assertions))
  app.mount('/api/users/me/passkeys', createRoutes(createRegistrations(app, relyingParty, passkeys), passkeys))
}

export default fp(passkeys, {
  name: 'passkeys',
  dependencies: ['config', 'db', 'audit', 'router', 'cookies', 'throttle', 'users', 'tickets', 'auth']
})
