import type { Client } from 'openapi-fetch'
import type { paths } from './contract.ts'
import { orThrow } from './errors.ts'
import type { Renew } from './session.ts'
import type { Tickets } from './tickets.ts'

type Options = { tickets: Tickets; api: Client<paths>; plain: Client<paths>; renew: Renew }
/** Password reset, verification of the email address, and its change: each asks for a code by mail, and goes on with it. */
export function createRecovery({ tickets, api, plain, renew }: Options) {
  return {
    /** Sends a code if the address belongs to an account. Throws TOO_MANY_MAILS. */
    async requestPasswordReset(email: string) {
      tickets.keep('password-reset', await orThrow(plain.POST('/api/auth/password-reset', { body: { email } })))
    },
    /** Logs nobody in. Throws INVALID_CODE, TICKET_INVALID or PASSWORD_TOO_COMMON. */
    resetPassword: (code: string, newPassword: string) =>
      tickets.use('password-reset', async (ticket) => {
        await orThrow(plain.PUT('/api/auth/password-reset', { body: { ticket, code, newPassword } }))
      }),
    /** Sends a code to the address of the account. Throws EMAIL_ALREADY_VERIFIED or TOO_MANY_MAILS. */
    async requestEmailVerification() {
      tickets.keep('email-verification', await orThrow(api.POST('/api/auth/email-verification')))
    },
    /** Returns the user. Throws INVALID_CODE or TICKET_INVALID. */
    verifyEmail: (code: string) =>
      tickets.use('email-verification', (ticket) =>
        orThrow(api.PUT('/api/auth/email-verification', { body: { ticket, code } }))
      ),
    /** Sends a code to the new address. Throws REAUTHENTICATION_REQUIRED or TOO_MANY_MAILS. */
    async requestEmailChange(email: string) {
      tickets.keep('email-change', await orThrow(api.POST('/api/users/me/email', { body: { email } })))
    },
    /** Also revokes all other sessions of the user. Throws INVALID_CODE, TICKET_INVALID or EMAIL_TAKEN. */
    changeEmail: (code: string) =>
      tickets.use('email-change', async (ticket) => {
        await renew((headers) => plain.PUT('/api/users/me/email', { body: { ticket, code }, headers }))
      })
  }
}
