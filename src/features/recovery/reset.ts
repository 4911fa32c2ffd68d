import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { removeAll } from '../../plugins/identity/auth/removals.ts'
import { TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import { clientAddress, networkOf } from '../../plugins/platform/logging/client-address.ts'
import type { Codes } from './codes.ts'
import type { Limits } from './limits.ts'
import { resetCode } from './templates.ts'
import type { Verified } from './verified.ts'

const PURPOSE = 'password-reset'
type Used = 'users' | 'passwords' | 'tickets' | 'revocations' | 'factorRemovals' | 'audit' | 'throttle'
type Own = { codes: Codes; limits: Limits; verified: Verified }

/** Sets a new password for somebody who reads the mail of the account. */
export function createReset(app: Pick<FastifyInstance, Used>, { codes, limits, verified }: Own) {
  const { users, passwords, tickets, revocations, factorRemovals, audit, throttle } = app

  return {
    /**
     * The reply is the same for an address without an account, and takes the same time: every query and every row is also made for
     * it (ASVS 5.0, 6.3.8). The mail goes to the stored address. Throws TOO_MANY_MAILS.
     */
    async ask(request: FastifyRequest, email: string) {
      const now = new Date()
      const client = networkOf(clientAddress(request))
      await limits.limitClient(client, now)
      const user = await users.findByName(email)
      const isKnown = await audit.hasEvent('authn_login_success', user?.id ?? randomUUID(), client)
      const nameHash = throttle.nameHash(email)
      await audit.record(request, 'authn_password_reset_requested', { userId: user?.id ?? null, nameHash })
      // Made-up addresses share few counts, so that they fill no table.
      const key = user ? nameHash : `unknown-${nameHash.slice(0, 2)}`
      const recipient = { key, budget: isKnown ? ('known' as const) : ('strangers' as const) }
      return codes.open(
        { purpose: PURPOSE, user, client, recipient, email: user?.email ?? null, toText: resetCode },
        now
      )
    },
    /** Sets the password and ends every session. Throws TICKET_INVALID, INVALID_CODE, or, without a try, PASSWORD_TOO_COMMON. */
    async finish(request: FastifyRequest, body: { ticket: string; code: string; newPassword: string }) {
      await passwords.refuseCommon(body.newPassword, '/newPassword')
      const ticket = await codes.check(request, PURPOSE, body)
      const user = ticket.userId === null ? null : await users.find(ticket.userId)
      if (user === null) throw new TicketInvalid()
      const passwordHash = await passwords.hash(body.newPassword)
      const now = new Date()
      // Somebody else may have signed up with this address and kept a way in.
      const isSquatted = !(await verified.isVerified(user.id))
      const removed = isSquatted ? removeAll(factorRemovals, user.id) : {}
      const isReset = await revocations.resetPassword(request, user.id, passwordHash, now, {
        preconditions: tickets.take(ticket, now),
        steps: { verified: verified.verify(user.id, user.emailKey, now), ...removed }
      })
      if (!isReset) throw new TicketInvalid()
    }
  }
}
