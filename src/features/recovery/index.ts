import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import Type from 'typebox'
import './audit-events.ts'
import './env.ts'
import { createCodes } from './codes.ts'
import { createEmailChange } from './email-change.ts'
import { createEmailRoutes } from './email-routes.ts'
import { createLimits } from './limits.ts'
import { createNotifier } from './notices.ts'
import { createReset } from './reset.ts'
import { createRoutes } from './routes.ts'
import { OpenTicket } from './schemas.ts'
import { createVerification } from './verification.ts'
import { createRequireVerified, createVerified, type RequireVerified } from './verified.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** A hook after `app.authenticate`: only users with a verified address pass; others get 403 EMAIL_NOT_VERIFIED. */
    requireVerified: RequireVerified
  }
}

/** Verified addresses, password reset, change of address, and notices about security events. Off without MAIL_URL. */
async function recovery(app: FastifyInstance) {
  const { mail, db, tables, transaction } = app
  const verified = createVerified(db, tables, app.prepareOne)
  // Also without mail: what an address had to be verified for does not open.
  app.decorate('requireVerified', createRequireVerified(verified, app.audit))
  app.verifiedEmailSteps.push(({ id, emailKey }, now) => ({ verified: verified.verify(id, emailKey, now) }))
  if (mail === null) return

  const limits = createLimits(db, tables, transaction)
  const notifier = createNotifier(app, { mail, limits, verified })
  const own = { codes: createCodes(app, limits, mail), limits, verified, notifier }
  const verification = createVerification(app, own)
  const emailVerified = { schema: Type.Boolean(), read: verified.isVerified }
  app.userView.add('emailVerified', emailVerified)
  app.securityView.set('emailVerified', emailVerified)
  app.signUpMembers.set('emailVerification', { schema: OpenTicket, create: verification.atSignUp })
  app.enrollmentChecks.push(app.requireVerified)
  app.mount('/api/auth', createRoutes({ verification, reset: createReset(app, own) }))
  app.mount('/api/users/me', createEmailRoutes(createEmailChange(app, own)))
  app.cleanup.add(limits.deleteExpired)
  app.addHook('onClose', notifier.close)
}

export default fp(recovery, {
  name: 'recovery',
  dependencies: ['mail', 'config', 'db', 'cleanup', 'audit', 'router', 'throttle', 'users', 'tickets', 'auth']
})
