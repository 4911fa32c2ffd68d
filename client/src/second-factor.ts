import type { Client } from 'openapi-fetch'
import type { Input, paths, Tokens, User } from './contract.ts'
import type { Authorization, Renew, Reply, SignIn } from './session.ts'
import type { Tickets } from './tickets.ts'

type Body = Input<paths['/api/auth/second-factor']['post']>
/** One of `code`, `recoveryCode`, and `passkey`. */
export type SecondFactor = Omit<Body, 'ticket'>

type Options = { tickets: Tickets; plain: Client<paths>; signIn: SignIn; renew: Renew }
/** Logins in two steps, and the authenticator app. */
export function createSecondFactor({ tickets, plain, signIn, renew }: Options) {
  return {
    /** Finishes what was refused with SECOND_FACTOR_REQUIRED. Throws INVALID_CODE, TICKET_INVALID or TOO_MANY_ATTEMPTS. */
    secondFactor: (factor: SecondFactor) =>
      tickets.use('second-factor', async (ticket) => {
        const isLogin = tickets.find('second-factor')?.isLogin !== false
        const call = (headers: Authorization = {}) =>
          plain.POST('/api/auth/second-factor', { body: { ...factor, ticket } as Body, headers })
        if (isLogin) await signIn(() => call() as Reply<{ user: User } & Partial<Tokens>>)
        else await renew(call)
      }),
    /** Turns the authenticator on, after POST /api/users/me/totp. Returns the recovery codes. Throws INVALID_CODE. */
    async enableTotp(code: string) {
      const { recoveryCodes } = await renew((headers) => plain.PUT('/api/users/me/totp', { body: { code }, headers }))
      return recoveryCodes
    },
    /** Throws REAUTHENTICATION_REQUIRED. */
    async disableTotp() {
      await renew((headers) => plain.DELETE('/api/users/me/totp', { headers }))
    }
  }
}
