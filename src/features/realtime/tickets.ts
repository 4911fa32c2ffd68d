import type { FastifyInstance } from 'fastify'
import { type Account, toAccount } from '../../plugins/identity/auth/account.ts'
import type { Session } from '../../plugins/identity/auth/tables.ts'
import { TicketInvalid } from '../../plugins/identity/tickets/errors.ts'
import { Unauthenticated } from '../../plugins/platform/errors/errors.ts'

/** How long a ticket waits for its stream, in seconds. */
const TTL = 30
const PURPOSE = 'stream'

export type StreamTickets = ReturnType<typeof createStreamTickets>

/** Tickets for clients that can send neither a cookie nor a header, such as `EventSource` on another site. */
export function createStreamTickets({
  tickets,
  users,
  transaction
}: Pick<FastifyInstance, 'tickets' | 'users' | 'transaction'>) {
  return {
    async create({ userId, sid }: Pick<Account, 'userId' | 'sid'>, now: Date) {
      const user = await users.find(userId)
      if (user === null) throw new Unauthenticated()
      const { ticket } = await tickets.create({ purpose: PURPOSE, ttl: TTL, user, sessionId: sid }, now)
      return { ticket, expiresIn: TTL }
    },
    /** Uses a ticket up. Throws TICKET_INVALID. */
    async redeem(secret: string, now: Date): Promise<Account> {
      const ticket = await tickets.attempt(secret, PURPOSE, now)
      const rows = await transaction({ preconditions: tickets.take(ticket, now) })
      const [session] = (rows?.[`${PURPOSE}Session`] ?? []) as Session[]
      if (!session) throw new TicketInvalid()
      // It opens a stream, and proves nothing else.
      return toAccount(session, 0)
    }
  }
}
