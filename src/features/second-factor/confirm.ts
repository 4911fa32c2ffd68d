import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { accountOf } from '../../plugins/identity/auth/account.ts'
import { InvalidCode, TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import { MFA, type Pending, PURPOSE } from './gate.ts'
import type { Method, Methods } from './methods.ts'

export type SecondFactorBody = { ticket: string } & Record<string, unknown>
type Used = 'tickets' | 'users' | 'audit' | 'newSessions' | 'authenticate'

/** Finishes the login or the renewal that waits for a second factor. */
export function createConfirm(app: Pick<FastifyInstance, Used>, methods: Methods) {
  const { tickets, users, audit, newSessions } = app

  async function verify(request: FastifyRequest, method: Method, userId: string, given: unknown, now: Date) {
    return method.verify(request, userId, given, now).catch(async (error: unknown) => {
      if (error instanceof InvalidCode)
        await audit.record(request, 'authn_login_fail', { userId, reason: 'second factor' })
      throw error
    })
  }
  /** The session that a ticket is bound to. The request has to come with its credential. */
  async function ownSession(request: FastifyRequest, reply: FastifyReply, sid: string) {
    await app.authenticate(request, reply)
    if (accountOf(request).sid !== sid) throw new TicketInvalid()
    return newSessions.current(request)
  }

  /** `user` is null after a renewal, whose reply does not have it. Throws TICKET_INVALID, INVALID_CODE, and TOO_MANY_ATTEMPTS. */
  return async function confirm(request: FastifyRequest, reply: FastifyReply, body: SecondFactorBody) {
    const now = new Date()
    const method = methods.pick(body)
    const ticket = await tickets.attempt<Pending>(body.ticket, PURPOSE, now)
    const user = await users.find(ticket.userId ?? '')
    if (user === null || !method) throw new TicketInvalid()
    const old = ticket.sessionId === null ? null : await ownSession(request, reply, ticket.sessionId)

    const { data } = ticket
    const verified = await verify(request, method, user.id, body[method.member], now)
    const used = [...data.methods, ...verified.methods, MFA]
    const proof = { user, methods: used, authenticatedAt: new Date(data.authenticatedAt) }
    const take = { ...tickets.take(ticket, now), ...verified.steps }
    const done = old
      ? await newSessions.reauthenticate(request, reply, proof, old, take)
      : data.options && (await newSessions.start(request, reply, proof, data.options, take))
    if (!done) {
      // Another request was first: with the same ticket, or with the same code and another ticket.
      await tickets.attempt(body.ticket, PURPOSE, now)
      throw new InvalidCode()
    }
    if (verified.event) await audit.record(request, verified.event, { userId: user.id })
    return { user: old ? null : user, members: done.members }
  }
}
