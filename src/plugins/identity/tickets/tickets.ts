import { and, eq, exists, gt, inArray, isNull, lt, or, sql } from '../../platform/db/drizzle.ts'
import type { Database, RunTransaction, Step, Tables } from '../../platform/db/types.ts'
import type { User } from '../users/tables.ts'
import { createAnonymousLimit } from './anonymous-limit.ts'
import { hashCode, hashSecret, isSameHash, newSecret } from './codes.ts'
import { InvalidCode, TicketInvalid } from './errors.ts'
import type { TicketRow } from './tables.ts'

/** How often a ticket may be tried. */
const MAX_ATTEMPTS = 5
const BATCH = 500

export type NewTicket = {
  /** The call that the ticket is for. */
  purpose: string
  /** In seconds. */
  ttl: number
  /** Whose it is; it becomes invalid with the credentials that this row has. */
  user?: Pick<User, 'id' | 'credentialVersion'> | null
  /** The session that it belongs to; it ends with it. */
  sessionId?: string | null
  /** The code to type together with it. */
  code?: string
  /** What the concern that makes it wants back. */
  data?: unknown
  /** The network of a client who did not have to sign in to get it. */
  client?: string
}
/** What a client gets: `ticket` is the secret. */
export type OpenTicket = { ticket: string; expiresAt: Date }
/** A ticket that was tried: the row, and its data. */
export type Ticket<Data = unknown> = Omit<TicketRow, 'data'> & { data: Data }
export type Tickets = ReturnType<typeof createTickets>

/** Whatever is pending is a ticket, never a session: a password reset, a second factor, the way to a provider and back. */
export function createTickets(db: Database, { tickets, users, sessions }: Tables, transaction: RunTransaction) {
  const limitAnonymous = createAnonymousLimit(db, tickets)
  const isUser = and(eq(users.id, tickets.userId), eq(users.credentialVersion, tickets.credentialVersion))
  const hasUser = or(isNull(tickets.userId), exists(db.select({ id: users.id }).from(users).where(isUser)))

  function isValid(now: Date) {
    const isLive = and(eq(sessions.id, tickets.sessionId), isNull(sessions.revokedAt), gt(sessions.expiresAt, now))
    const session = db.select({ id: sessions.id }).from(sessions).where(isLive)
    return and(gt(tickets.expiresAt, now), hasUser, or(isNull(tickets.sessionId), exists(session)))
  }

  return {
    /** Makes a ticket. Only the client has its secret: the database has a hash. Throws TOO_MANY_ATTEMPTS for a `client`. */
    async create({ purpose, ttl, user, sessionId, code, data, client }: NewTicket, now: Date): Promise<OpenTicket> {
      if (client !== undefined) await limitAnonymous(client, now)
      const secret = newSecret()
      const expiresAt = new Date(now.getTime() + ttl * 1000)
      await db.insert(tickets).values({
        secretHash: hashSecret(secret),
        ...{ purpose, expiresAt, client: client ?? null, sessionId: sessionId ?? null },
        ...{ userId: user?.id ?? null, credentialVersion: user?.credentialVersion ?? null },
        codeHash: code === undefined ? null : hashCode(secret, code),
        data: data === undefined ? null : JSON.stringify(data)
      })
      return { ticket: secret, expiresAt }
    },
    /**
     * Counts a try before anything is compared, and returns the ticket. Throws TICKET_INVALID: it is unknown, used, expired, tried
     * too often, or for another purpose; its session or the credentials of its user have ended; or it is not the `owner`'s.
     */
    async attempt<Data = unknown>(secret: string, purpose: string, now: Date, owner?: string): Promise<Ticket<Data>> {
      const isIt = and(eq(tickets.secretHash, hashSecret(secret)), eq(tickets.purpose, purpose), isValid(now))
      const isOwn = owner === undefined ? undefined : eq(tickets.userId, owner)
      const [ticket] = await db
        .update(tickets)
        .set({ attempts: sql`${tickets.attempts} + 1` })
        .where(and(isIt, isOwn, lt(tickets.attempts, MAX_ATTEMPTS)))
        .returning()
      if (!ticket) throw new TicketInvalid()
      return { ...ticket, data: JSON.parse(ticket.data ?? 'null') }
    },
    /** Throws INVALID_CODE unless it is the code of this ticket, in any spelling. */
    requireCode({ codeHash }: Pick<TicketRow, 'codeHash'>, secret: string, code: string) {
      if (codeHash === null || !isSameHash(codeHash, hashCode(secret, code))) throw new InvalidCode()
    },
    /**
     * The preconditions of the transaction that a ticket allows: they use it up, so that both happen or neither. They hold its user
     * and session, and find nothing if one of them has ended since the try. Their names begin with the purpose.
     */
    take(ticket: Pick<TicketRow, 'secretHash' | 'purpose' | 'userId' | 'sessionId' | 'credentialVersion'>, now: Date) {
      const { secretHash, purpose, userId, sessionId, credentialVersion } = ticket
      const isSame = and(eq(users.id, userId ?? ''), eq(users.credentialVersion, credentialVersion ?? -1))
      const isLive = and(eq(sessions.id, sessionId ?? ''), isNull(sessions.revokedAt), gt(sessions.expiresAt, now))
      const steps: Record<string, Step<unknown>> = {}
      if (userId !== null) steps[`${purpose}User`] = (tx) => tx.lock(tx.select().from(users).where(isSame))
      if (sessionId !== null) steps[`${purpose}Session`] = (tx) => tx.lock(tx.select().from(sessions).where(isLive))
      const isUnused = and(eq(tickets.secretHash, secretHash), gt(tickets.expiresAt, now))
      steps[`${purpose}Ticket`] = (tx) => tx.delete(tickets).where(isUnused).returning()
      return steps
    },
    /** Deletes a batch of expired tickets. Returns whether there may be more. */
    async deleteExpired(now: Date) {
      const rows = await transaction({
        steps: {
          deleted: (tx) => {
            const expired = tx
              .select({ secretHash: tickets.secretHash })
              .from(tickets)
              .where(lt(tickets.expiresAt, now))
            const batch = expired.orderBy(tickets.expiresAt).limit(BATCH)
            return tx.delete(tickets).where(inArray(tickets.secretHash, batch)).returning({ purpose: tickets.purpose })
          }
        },
        skipIfLocked: true
      })
      return rows?.deleted.length === BATCH
    }
  }
}
