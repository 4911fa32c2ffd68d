import createError from '@fastify/error'
import type { OpenTicket } from '../../plugins/identity/tickets/tickets.ts'

export const ProviderNotFound = createError('PROVIDER_NOT_FOUND', 'There is no provider of this name', 404)
/** The provider does not answer, or not as it should. The cause is in the log. */
export const ProviderUnavailable = createError('PROVIDER_UNAVAILABLE', 'The provider does not answer', 503)
/** What the provider sent is not right, or not for this ticket; or the user did not agree. */
export const OidcFailed = createError('OIDC_FAILED', 'The provider did not confirm who you are; start again', 401)
export const EmailUnverified = createError(
  'EMAIL_UNVERIFIED',
  'The provider does not tell a verified email address of yours',
  422
)
export const IdentityTaken = createError('IDENTITY_TAKEN', 'This account of the provider is already linked', 409)
/** Also for an identity of another user, so that ids cannot be probed. */
export const IdentityNotFound = createError('IDENTITY_NOT_FOUND', 'You have no linked account with this id', 404)

/** The way on for somebody who is new here: a ticket for the account of the provider, and what the provider says of its owner. */
export type Newcomer = OpenTicket & { email: string; name: string | null }
const EXAMPLE: Newcomer = { ticket: 'a ticket', expiresAt: new Date(0), email: 'ada@example.com', name: 'Ada' }

/** Nothing is linked by email address: whoever owns the account logs in to it first. */
export class AccountExists extends createError(
  'ACCOUNT_EXISTS',
  'You already have an account with this email address: log in to it, then link the provider',
  409
) {
  readonly members: Newcomer

  constructor(members: Newcomer = EXAMPLE) {
    super()
    this.members = members
  }
}
export class SignUpRequired extends createError(
  'SIGN_UP_REQUIRED',
  'You have no account yet: POST /api/auth/oidc/signup',
  409
) {
  readonly members: Newcomer

  constructor(members: Newcomer = EXAMPLE) {
    super()
    this.members = members
  }
}
