import type { FastifyInstance, FastifyRequest } from 'fastify'
import { accountOf } from '../../plugins/identity/auth/account.ts'
import { TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import { Unauthenticated } from '../../plugins/platform/errors/errors.ts'
import { IdentityTaken } from './errors.ts'
import type { Flow, Proof } from './flow.ts'
import type { Identities } from './identities.ts'

export type Links = ReturnType<typeof createLinks>
type Used = 'tickets' | 'users' | 'transaction' | 'audit'
type Given = { ticket: string; response?: Proof['response'] }

/** Links an account of a provider to the account of a session. */
export function createLinks(app: Pick<FastifyInstance, Used>, flow: Flow, identities: Identities) {
  const { tickets, users, transaction, audit } = app

  async function identify(request: FastifyRequest, { ticket: secret, response }: Given, now: Date) {
    if (response !== undefined) return flow.comeBack(request, { ticket: secret, response }, now)
    const ticket = await flow.readStranger(secret, now)
    return { ticket, subject: ticket.data.subject }
  }

  return {
    /** Throws IDENTITY_TAKEN, TICKET_INVALID, OIDC_FAILED, and PROVIDER_UNAVAILABLE. */
    async link(request: FastifyRequest, given: Given) {
      const now = new Date()
      const { userId, sid: sessionId } = accountOf(request)
      const user = await users.find(userId)
      if (user === null) throw new Unauthenticated()
      const { ticket, subject } = await identify(request, given, now)
      const { row, steps } = identities.link(userId, subject, now)
      // The provider may take seconds: meanwhile the session may end, or the password change, and then nothing is linked.
      const held = { ...ticket, userId, sessionId, credentialVersion: user.credentialVersion }
      const linked = await transaction({ preconditions: { ...tickets.take(held, now), ...steps } })
      if (linked === null) throw (await identities.find(subject)) ? new IdentityTaken() : new TicketInvalid()
      await audit.record(request, 'identity_linked', { reason: subject.provider })
      return row
    }
  }
}
