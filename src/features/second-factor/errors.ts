import createError from '@fastify/error'
import type { OpenTicket } from '../../plugins/identity/tickets/tickets.ts'

export type Required = OpenTicket & { methods: string[] }

/** Says how to go on. A client that does not know this code sees a login that failed. */
export class SecondFactorRequired extends createError(
  'SECOND_FACTOR_REQUIRED',
  'Confirm with a second factor: POST /api/auth/second-factor',
  401
) {
  readonly members: { secondFactor: Required }

  constructor(secondFactor: Required = { ticket: 'a ticket', methods: ['totp', 'recovery'], expiresAt: new Date(0) }) {
    super()
    this.members = { secondFactor }
  }
}
export const TotpAlreadyEnabled = createError('TOTP_ALREADY_ENABLED', 'An authenticator is already set up', 409)
