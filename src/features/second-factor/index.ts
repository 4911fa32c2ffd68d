import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import Type from 'typebox'
import './audit-events.ts'
import './env.ts'
import { OperatorError } from '../../plugins/platform/config/operator-error.ts'
import { ServiceUnavailable } from '../../plugins/platform/errors/errors.ts'
import { createEncryption } from './encryption.ts'
import { createEnrollment } from './enrollment.ts'
import { createFactors, type Factors } from './factors.ts'
import { createGate } from './gate.ts'
import { createMethods, type Methods } from './methods.ts'
import { createRoutes } from './routes.ts'
import { loadTotp } from './totp.ts'
import { createTotpRoutes } from './totp-routes.ts'
import { recoveryMethod, totpMethod } from './typed-codes.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The kinds of second factors; null without ENCRYPTION_KEY. */
    secondFactors: Methods | null
  }
}

/** Without the key, nobody with a second factor may log in by password alone. */
function closeGate(app: FastifyInstance, factors: Factors) {
  const isMissing = 'ENCRYPTION_KEY is not set, but accounts have a second factor: set the key that was used before'
  app.addHook('onReady', async () => {
    // If the database does not answer yet, the gate still does not open.
    if (await factors.isUsed().catch(() => false)) throw new OperatorError(isMissing)
  })
  app.gates.push(async ({ user }) => {
    if (await factors.isEnabled(user.id)) throw new ServiceUnavailable({ cause: new Error(isMissing) })
    return {}
  })
}

/** A second factor after the password: authenticator apps (RFC 6238) and recovery codes. Off without ENCRYPTION_KEY. */
async function secondFactor(app: FastifyInstance) {
  const { ENCRYPTION_KEY } = app.config
  const factors = createFactors(app.db, app.tables, app.transaction)
  app.factorRemovals.push(factors.removal)
  app.decorate('secondFactors', ENCRYPTION_KEY === null ? null : createMethods())
  if (app.secondFactors === null || ENCRYPTION_KEY === null) return closeGate(app, factors)

  const methods = app.secondFactors
  const own = { factors, encryption: createEncryption(ENCRYPTION_KEY, 'totp'), totp: await loadTotp() }
  methods.add('totp', totpMethod({ ...own, audit: app.audit }))
  methods.add('recovery', recoveryMethod(factors))
  app.gates.push(createGate(factors, app.tickets, methods))
  app.securityView.set('totp', { schema: Type.Boolean(), read: factors.isEnabled })
  app.securityView.set('recoveryCodesLeft', { schema: Type.Integer(), read: factors.countCodes })
  app.mount('/api/auth', createRoutes(methods))
  app.mount('/api/users/me', createTotpRoutes(createEnrollment(app, own)))
}

export default fp(secondFactor, {
  name: 'second-factor',
  dependencies: ['config', 'db', 'audit', 'router', 'cookies', 'throttle', 'users', 'tickets', 'auth']
})
