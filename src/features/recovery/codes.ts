import type { FastifyInstance, FastifyRequest } from 'fastify'
import { newCode } from '../../plugins/identity/tickets/codes.ts'
import { InvalidCode } from '../../plugins/identity/tickets/errors.ts'
import type { NewTicket } from '../../plugins/identity/tickets/tickets.ts'
import type { Limits, Recipient } from './limits.ts'
import type { Text } from './templates.ts'

export type Codes = ReturnType<typeof createCodes>
/** A ticket whose code goes to `email`, or to nobody. */
type Asked = Omit<NewTicket, 'ttl' | 'code'> & {
  recipient: Recipient
  email: string | null
  toText: (code: string, minutes: number) => Text
}

/** Codes that prove that somebody reads the mail of an address. */
export function createCodes(
  { tickets, audit, config }: Pick<FastifyInstance, 'tickets' | 'audit' | 'config'>,
  limits: Limits,
  mail: NonNullable<FastifyInstance['mail']>
) {
  const ttl = config.MAIL_CODE_TTL

  return {
    /** Makes a ticket, and mails its code unless the recipient got too many. Takes the same time for nobody. */
    async open({ recipient, email, toText, ...ticket }: Asked, now: Date) {
      const code = newCode()
      const isAllowed = await limits.mayMailCode(recipient, now)
      const opened = await tickets.create({ ...ticket, ttl, code }, now)
      if (email !== null && isAllowed) mail.send({ to: email, ...toText(code, Math.round(ttl / 60)) })
      return opened
    },
    /** The ticket that this code opens. Throws TICKET_INVALID or INVALID_CODE. */
    async check<Data = unknown>(
      request: FastifyRequest,
      purpose: string,
      { ticket: secret, code }: { ticket: string; code: string },
      owner?: string
    ) {
      const ticket = await tickets.attempt<Data>(secret, purpose, new Date(), owner)
      try {
        tickets.requireCode(ticket, secret, code)
      } catch (error) {
        const { userId } = ticket
        if (error instanceof InvalidCode)
          await audit.record(request, 'authn_mail_code_fail', { userId, reason: purpose })
        throw error
      }
      return ticket
    }
  }
}
