import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { accountOf } from '../../plugins/identity/auth/account.ts'
import { methodsOf } from '../../plugins/identity/auth/insert-session.ts'
import { TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import { changeCredentials } from '../../plugins/identity/users/credentials.ts'
import { EmailTaken } from '../../plugins/identity/users/errors.ts'
import { emailKey } from '../../plugins/identity/users/names.ts'
import { isUniqueViolation } from '../../plugins/platform/db/errors.ts'
import { Unauthenticated } from '../../plugins/platform/errors/errors.ts'
import { clientAddress, networkOf } from '../../plugins/platform/logging/client-address.ts'
import type { Codes } from './codes.ts'
import type { Limits } from './limits.ts'
import { type Notifier, originOf } from './notices.ts'
import { emailChangeAsked, emailChangeCode, emailChanged, emailTaken } from './templates.ts'
import type { Verified } from './verified.ts'

const PURPOSE = 'email-change'
/** How often the change starts over if a session began or ended meanwhile. */
const MAX_TRIES = 3
type Used = 'users' | 'tables' | 'tickets' | 'newSessions' | 'audit' | 'throttle'
type Own = { codes: Codes; limits: Limits; verified: Verified; notifier: Notifier }

/** Changes the address of an account to one that its user has proven to own. */
export function createEmailChange(app: Pick<FastifyInstance, Used>, { codes, limits, verified, notifier }: Own) {
  const { users, tables, tickets, newSessions, audit, throttle } = app

  async function current(request: FastifyRequest) {
    const user = await users.find(accountOf(request).userId)
    if (user === null) throw new Unauthenticated()
    return user
  }

  return {
    /** The caller does not learn whether the address is taken: its owner gets a mail. Throws TOO_MANY_MAILS. */
    async ask(request: FastifyRequest, email: string) {
      const now = new Date()
      const user = await current(request)
      await limits.limitClient(networkOf(clientAddress(request)), now)
      const owner = await users.findByName(email)
      const isTaken = owner !== null && owner.id !== user.id
      await audit.record(request, 'email_change_requested')
      notifier.notify(user, emailChangeAsked(originOf(request)))
      const own = { user, sessionId: accountOf(request).sid, data: { email } }
      const recipient = { key: throttle.nameHash(email), budget: 'change' as const }
      const mailed = isTaken ? { email: owner.email, toText: emailTaken } : { email, toText: emailChangeCode }
      return codes.open({ purpose: PURPOSE, ...own, recipient, ...mailed }, now)
    },
    /** Changes the address, ends the other sessions and renews this one. Throws TICKET_INVALID, INVALID_CODE, or EMAIL_TAKEN. */
    async finish(request: FastifyRequest, reply: FastifyReply, body: { ticket: string; code: string }) {
      const user = await current(request)
      const ticket = await codes.check<{ email: string }>(request, PURPOSE, body, user.id)
      const email = ticket.data.email.normalize('NFC')
      const key = emailKey(email)
      for (let tries = 1; tries <= MAX_TRIES; tries++) {
        const now = new Date()
        const old = await newSessions.current(request)
        const proof = { user, methods: methodsOf(old), authenticatedAt: old.authenticatedAt }
        const change = {
          preconditions: {
            ...tickets.take(ticket, now),
            email: changeCredentials(tables.users, user.id, { email, emailKey: key }, now),
            verified: verified.verify(user.id, key, now)
          },
          events: [['email_changed', { sid: old.id }]] as const
        }
        const renewed = await newSessions.renewAlone(request, reply, proof, old, 'email', change).catch((error) => {
          throw isUniqueViolation(error) ? new EmailTaken() : error
        })
        if (renewed === null) continue
        for (const each of [user, { ...user, email }]) notifier.notify(each, emailChanged(originOf(request)))
        return renewed
      }
      throw new TicketInvalid()
    }
  }
}
