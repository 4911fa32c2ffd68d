import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import Type from 'typebox'
import './audit-events.ts'
import './env.ts'
import { createEncryption } from './encryption.ts'
import { createEnrollment } from './enrollment.ts'
import { createFactors } from './factors.ts'
import { createGate } from './gate.ts'
import { closeGate, reportWrongKey } from './key-check.ts'
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

/** A second factor after the password: authenticator apps (RFC 6238) and recovery codes. Off without ENCRYPTION_KEY. */
async function secondFactor(app: FastifyInstance) {
  const { ENCRYPTION_KEY } = app.config
  const factors = createFactors(app.db, app.tables, app.transaction)
  app.factorRemovals.push(factors.removal)
  app.decorate('secondFactors', ENCRYPTION_KEY === null ? null : createMethods())
  if (app.secondFactors === null || ENCRYPTION_KEY === null) return closeGate(app, factors)

  const methods = app.secondFactors
  const own = { factors, encryption: createEncryption(ENCRYPTION_KEY, 'totp'), totp: await loadTotp() }
  reportWrongKey(app, own)
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
