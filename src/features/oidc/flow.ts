import type { FastifyInstance, FastifyRequest } from 'fastify'
import { newSecret } from '../../plugins/identity/tickets/codes.ts'
import { TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import type { Ticket } from '../../plugins/identity/tickets/tickets.ts'
import { clientAddress, networkOf } from '../../plugins/platform/logging/client-address.ts'
import { AccountExists, EmailUnverified, OidcFailed, ProviderNotFound, SignUpRequired } from './errors.ts'
import type { Subject } from './identities.ts'
import type { Checks, Person, Provider } from './provider.ts'
import type { ProviderResponse } from './schemas.ts'

export type Proof = { ticket: string; response: ProviderResponse }
/** Somebody who has come back from a provider, and the ticket of their start, which is still to be taken. */
export type Returned = { subject: Subject; person: Person; ticket: Ticket }
/** Somebody without an account here, as a ticket remembers them. */
export type Stranger = { subject: Subject; email: string; name: string | null; authenticatedAt: string | null }
export type Flow = ReturnType<typeof createFlow>

/** Of the tickets for the way to a provider and back, and of those for somebody who came back without having an account. */
const START = 'oidc'
const STRANGER = 'oidc-stranger'
/** How long both ways may take, in seconds: providers have second factors, too. */
const TTL = 600

type Used = 'tickets' | 'users' | 'audit' | 'transaction' | 'config' | 'identify'

/** The way to a provider and back. A ticket keeps what binds both to each other, and the tab of a browser keeps the ticket. */
export function createFlow(app: Pick<FastifyInstance, Used>, providers: ReadonlyMap<string, Provider>) {
  const { tickets, users, audit, transaction, config } = app
  const clientOf = (request: FastifyRequest) => networkOf(clientAddress(request))

  async function identify(request: FastifyRequest, response: ProviderResponse, checks: Checks, provider: Provider) {
    const parameters = new URLSearchParams(response)
    return provider.identify(parameters, checks, new Date()).catch(async (error: unknown) => {
      if (error instanceof OidcFailed) {
        request.log.info({ err: error.cause, provider: provider.id }, 'a provider did not confirm a user')
        await audit.record(request, 'authn_login_fail', { reason: provider.id })
      }
      throw error
    })
  }

  return {
    list: () => [...providers.values()].map(({ id, name }) => ({ id, name })),
    /**
     * Begins at a provider. Somebody who is logged in wants to confirm it, so the provider has to have seen them lately. Throws
     * PROVIDER_NOT_FOUND, PROVIDER_UNAVAILABLE, and TOO_MANY_ATTEMPTS.
     */
    async start(request: FastifyRequest, id: string, isLoggedIn: boolean) {
      const provider = providers.get(id)
      if (!provider) throw new ProviderNotFound()
      const now = new Date()
      const checks = { state: newSecret(), nonce: newSecret(), verifier: newSecret() }
      const url = await provider.startUrl(checks, isLoggedIn ? config.FRESH_FOR : null, now)
      const data = { provider: id, ...checks }
      const { ticket } = await tickets.create({ purpose: START, ttl: TTL, data, client: clientOf(request) }, now)
      return { url, ticket }
    },
    /** Throws TICKET_INVALID, OIDC_FAILED, and PROVIDER_UNAVAILABLE. */
    async comeBack(request: FastifyRequest, { ticket: secret, response }: Proof, now: Date): Promise<Returned> {
      const ticket = await tickets.attempt<Checks & { provider: string }>(secret, START, now)
      const provider = providers.get(ticket.data.provider)
      if (!provider) throw new TicketInvalid()
      const person = await identify(request, response, ticket.data, provider)
      const { issuer, subject } = person
      return { subject: { provider: provider.id, issuer, subject }, person, ticket }
    },
    /**
     * Tells somebody whom no account knows how to go on: ACCOUNT_EXISTS, SIGN_UP_REQUIRED, or EMAIL_UNVERIFIED. Nothing is ever linked
     * by email address: the operator of a provider, or the next owner of an address, would get the account.
     */
    async refuse(request: FastifyRequest, { subject, person, ticket: spent }: Returned, now: Date): Promise<never> {
      const { email, name } = await person.readProfile()
      if (!(await transaction({ preconditions: tickets.take(spent, now) }))) throw new TicketInvalid()
      if (email === null) throw new EmailUnverified()
      const data: Stranger = {
        ...{ subject, email, name },
        authenticatedAt: person.authenticatedAt?.toISOString() ?? null
      }
      const open = await tickets.create({ purpose: STRANGER, ttl: TTL, data, client: clientOf(request) }, now)
      const isKnown = (await users.findByName(email)) !== null
      throw new (isKnown ? AccountExists : SignUpRequired)({ ...open, email, name })
    },
    /** The ticket that came with ACCOUNT_EXISTS or SIGN_UP_REQUIRED. Throws TICKET_INVALID. */
    readStranger: (ticket: string, now: Date) => tickets.attempt<Stranger>(ticket, STRANGER, now)
  }
}
