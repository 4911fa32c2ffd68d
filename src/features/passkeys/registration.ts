import type { RegistrationResponseJSON } from '@simplewebauthn/server'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { accountOf } from '../../plugins/identity/auth/account.ts'
import { InvalidCode, TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import { Unauthenticated } from '../../plugins/platform/errors/errors.ts'
import type { Passkeys } from './passkeys.ts'
import { CHALLENGE_TTL, type RelyingParty } from './relying-party.ts'

export type Registrations = ReturnType<typeof createRegistrations>
type NewPasskey = { ticket: string; credential: RegistrationResponseJSON; name: string }

/** Of the tickets that carry a challenge for a new passkey. */
const PURPOSE = 'passkey-registration'

/** Adds a passkey to the account of a session. */
export function createRegistrations(
  { tickets, users, audit }: Pick<FastifyInstance, 'tickets' | 'users' | 'audit'>,
  relyingParty: RelyingParty,
  passkeys: Passkeys
) {
  return {
    /** A challenge that only this session can answer. */
    async begin(request: FastifyRequest) {
      const { userId, sid } = accountOf(request)
      const user = await users.find(userId)
      if (user === null) throw new Unauthenticated()
      const options = await relyingParty.registrationOptions(user, await passkeys.list(userId))
      const data = { challenge: options.challenge }
      const about = { purpose: PURPOSE, ttl: CHALLENGE_TTL, user, sessionId: sid, data }
      const { ticket } = await tickets.create(about, new Date())
      return { ticket, options }
    },
    /** Throws TICKET_INVALID and INVALID_CODE. */
    async finish(request: FastifyRequest, { ticket, credential, name }: NewPasskey) {
      const now = new Date()
      const { userId, sid } = accountOf(request)
      const open = await tickets.attempt<{ challenge: string }>(ticket, PURPOSE, now, userId)
      if (open.sessionId !== sid) throw new TicketInvalid()
      const proven = await relyingParty.verifyRegistration(request, credential, open.data.challenge)
      if (proven === null) throw new InvalidCode()
      const added = await passkeys.add(userId, proven, name, tickets.take(open, now), now)
      if (added === null) throw new TicketInvalid()
      await audit.record(request, 'authn_factor_added', { reason: 'passkey' })
      return added
    }
  }
}
