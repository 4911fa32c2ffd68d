import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { SessionOptions } from '../../plugins/identity/auth/strategy.ts'
import { TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import { UsernameTaken } from '../../plugins/identity/users/errors.ts'
import { NO_PASSWORD } from '../../plugins/identity/users/passwords.ts'
import { OidcFailed } from './errors.ts'
import type { Flow, Proof } from './flow.ts'
import type { Identities } from './identities.ts'

export type Logins = ReturnType<typeof createLogins>
type Used =
  | 'tickets'
  | 'users'
  | 'strategies'
  | 'newSessions'
  | 'throttle'
  | 'transaction'
  | 'audit'
  | 'verifiedEmailSteps'
type NewAccount = { ticket: string; username: string; name: string }

/** RFC 8176 has no name for a login that another service vouches for; Microsoft uses this one. */
const METHODS = ['fed']
/** Of a user whose provider does not say when they authenticated: never lately. */
const UNKNOWN = new Date(0)

/** Logs in, signs up, and confirms users with an account of a provider. */
export function createLogins(app: Pick<FastifyInstance, Used>, flow: Flow, identities: Identities) {
  const { tickets, users, strategies, newSessions, throttle, audit, verifiedEmailSteps } = app

  /**
   * The proof of a new user without a password, and the steps that create the account: they run in the transaction of the session, so
   * that both are there or neither.
   */
  async function create({ ticket: secret, username, name }: NewAccount, now: Date) {
    // Before the ticket is tried, so that looking for a free name does not use it up.
    if (await users.findByName(username)) throw new UsernameTaken()
    const ticket = await flow.readStranger(secret, now)
    const { email, subject, authenticatedAt: at } = ticket.data
    const user = { ...users.toRow({ username, email, name, passwordHash: NO_PASSWORD }, now), credentialVersion: 0 }
    const steps = {
      user: users.insert(user),
      ...tickets.take(ticket, now),
      ...identities.link(user.id, subject, now).steps
    }
    // The provider has verified the address.
    for (const verify of verifiedEmailSteps) Object.assign(steps, verify(user, now))
    const proof = { user, methods: METHODS, authenticatedAt: at === null ? UNKNOWN : new Date(at) }
    return { proof, steps, provider: subject.provider }
  }

  return {
    /** Throws what a gate throws, and ACCOUNT_EXISTS, SIGN_UP_REQUIRED, EMAIL_UNVERIFIED, OIDC_FAILED, TICKET_INVALID, and more. */
    async logIn(
      request: FastifyRequest,
      reply: FastifyReply,
      { ticket, response, ...options }: Proof & SessionOptions
    ) {
      const now = new Date()
      // Before the response is used up.
      strategies.get(options.authType)?.assertAllowed(request, options)
      const returned = await flow.comeBack(request, { ticket, response }, now)
      const identity = await identities.find(returned.subject)
      if (identity === null) return flow.refuse(request, returned, now)
      const user = await users.find(identity.userId)
      const authenticatedAt = returned.person.authenticatedAt ?? UNKNOWN
      const take = { ...tickets.take(returned.ticket, now), ...identities.use(identity, now) }
      const proof = user && { user, methods: METHODS, authenticatedAt }
      const started = proof && (await newSessions.start(request, reply, proof, options, take))
      // Another request took the ticket, or the identity or the account was removed.
      if (!started) throw new TicketInvalid()
      return { user, members: started.members }
    },
    /** Throws what a gate throws, and USERNAME_TAKEN, EMAIL_TAKEN, TICKET_INVALID, and TOO_MANY_ATTEMPTS. */
    async signUp(request: FastifyRequest, reply: FastifyReply, body: NewAccount & SessionOptions) {
      const { ticket, username, name, ...options } = body
      return throttle.takeName(request, async () => {
        const { proof, steps, provider } = await create({ ticket, username, name }, new Date())
        const started = await newSessions.start(request, reply, proof, options, steps)
        if (!started) {
          await users.refuseTaken(username, proof.user.email)
          throw new TicketInvalid()
        }
        await audit.record(request, 'user_created', { userId: proof.user.id, reason: provider })
        return { user: proof.user, members: started.members }
      })
    },
    /** For `app.reauthentications`. Throws OIDC_FAILED if the identity is not one of this user. */
    async confirm(request: FastifyRequest, userId: string, given: unknown, now: Date) {
      const returned = await flow.comeBack(request, given as Proof, now)
      const identity = await identities.find(returned.subject)
      if (identity?.userId !== userId) {
        await audit.record(request, 'authn_login_fail', { reason: returned.subject.provider })
        throw new OidcFailed()
      }
      return {
        methods: METHODS,
        authenticatedAt: returned.person.authenticatedAt ?? UNKNOWN,
        steps: { ...tickets.take(returned.ticket, now), ...identities.use(identity, now) }
      }
    }
  }
}
