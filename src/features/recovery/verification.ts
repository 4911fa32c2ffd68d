import type { FastifyInstance, FastifyRequest } from 'fastify'
import { accountOf } from '../../plugins/identity/auth/account.ts'
import { TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import type { User } from '../../plugins/identity/users/tables.ts'
import { Unauthenticated } from '../../plugins/platform/errors/errors.ts'
import { clientAddress, networkOf } from '../../plugins/platform/logging/client-address.ts'
import type { Codes } from './codes.ts'
import { EmailAlreadyVerified } from './errors.ts'
import type { Limits } from './limits.ts'
import { verificationCode } from './templates.ts'
import type { Verified } from './verified.ts'

const PURPOSE = 'email-verification'
type Used = 'users' | 'userView' | 'tickets' | 'transaction' | 'audit' | 'throttle'
type Own = { codes: Codes; limits: Limits; verified: Verified }

/** Proves that a user owns the address of their account. */
export function createVerification(app: Pick<FastifyInstance, Used>, { codes, limits, verified }: Own) {
  const { users, userView, tickets, transaction, audit, throttle } = app
  const networkFor = (request: FastifyRequest) => networkOf(clientAddress(request))

  async function current(request: FastifyRequest) {
    const user = await users.find(accountOf(request).userId)
    if (user === null) throw new Unauthenticated()
    return user
  }

  return {
    /** With the sign-up, where a client that asks for too many mails gets none. */
    async atSignUp(request: FastifyRequest, user: User) {
      const now = new Date()
      const email = (await limits.maySignUpMail(networkFor(request), now)) ? user.email : null
      const recipient = { key: throttle.nameHash(user.email), budget: 'change' as const }
      return codes.open({ purpose: PURPOSE, user, recipient, email, toText: verificationCode }, now)
    },
    /** Throws EMAIL_ALREADY_VERIFIED or TOO_MANY_MAILS. */
    async ask(request: FastifyRequest) {
      const now = new Date()
      const user = await current(request)
      if (await verified.isVerified(user.id)) throw new EmailAlreadyVerified()
      await limits.limitClient(networkFor(request), now)
      const recipient = { key: throttle.nameHash(user.email), budget: 'known' as const }
      const own = { user, sessionId: accountOf(request).sid, email: user.email }
      return codes.open({ purpose: PURPOSE, ...own, recipient, toText: verificationCode }, now)
    },
    /** The user, now verified. Throws TICKET_INVALID or INVALID_CODE. */
    async finish(request: FastifyRequest, body: { ticket: string; code: string }) {
      const user = await current(request)
      const ticket = await codes.check(request, PURPOSE, body, user.id)
      const now = new Date()
      const done = await transaction({
        preconditions: tickets.take(ticket, now),
        steps: { verified: verified.verify(user.id, user.emailKey, now) }
      })
      if (done === null) throw new TicketInvalid()
      await audit.record(request, 'email_verified')
      return userView.show(user)
    }
  }
}
