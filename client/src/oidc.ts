import type { Client } from 'openapi-fetch'
import type { paths, SessionOptions } from './contract.ts'
import { ApiError, orThrow } from './errors.ts'
import type { Renew, SignIn } from './session.ts'
import type { Tickets } from './tickets.ts'

/** What the user goes to a provider for. */
export type Intent = 'login' | 'link' | 'confirm'

type Options = {
  tickets: Tickets
  api: Client<paths>
  plain: Client<paths>
  signIn: SignIn
  renew: Renew
  sessionOptions: SessionOptions
}
/** As long as the service keeps it. */
const START_MS = 600_000

/** Logins with a provider: to its page and back to a page of yours. */
export function createOidc({ tickets, api, plain, signIn, renew, sessionOptions }: Options) {
  /** The choice that the user made before they left. */
  const rememberOf = (purpose: 'oidc' | 'newcomer') => tickets.find(purpose)?.remember ?? true
  async function logIn(ticket: string, response: string) {
    const remember = rememberOf('oidc')
    const body = { ticket, response, ...sessionOptions, remember }
    await signIn(() => plain.POST('/api/auth/oidc/login', { body })).catch((error: unknown) => {
      if (error instanceof ApiError && error.newcomer)
        tickets.keep('newcomer', { ...error.newcomer, hasAccount: error.code === 'ACCOUNT_EXISTS', remember })
      throw error
    })
  }
  const finishBy: Record<Intent, (ticket: string, response: string) => Promise<unknown>> = {
    login: logIn,
    link: (ticket, response) => orThrow(api.POST('/api/users/me/identities', { body: { ticket, response } })),
    confirm: (ticket, response) =>
      renew((headers) => plain.POST('/api/auth/reauthenticate', { body: { oidc: { ticket, response } }, headers }))
  }

  return {
    /** The providers that the service has. None: it has no login with providers. */
    providers: () =>
      orThrow(plain.GET('/api/auth/oidc')).then(
        ({ providers }) => providers,
        (error: unknown) => {
          if (error instanceof ApiError && error.status === 404) return []
          throw error
        }
      ),
    /** Returns the address of the provider's page: `location.assign(url)`. Throws PROVIDER_UNAVAILABLE. */
    async start(provider: string, { intent = 'login', remember = true }: { intent?: Intent; remember?: boolean } = {}) {
      // The service asks for a recent login if it sees a session.
      const { POST } = intent === 'login' ? plain : api
      const { url, ticket } = await orThrow(POST('/api/auth/oidc/{provider}', { params: { path: { provider } } }))
      tickets.keep('oidc', { ticket, expiresAt: new Date(Date.now() + START_MS).toISOString(), intent, remember })
      return url
    },
    /** Takes the response of a provider out of the address of the page. Call it first. Null: there is none. */
    takeResponse() {
      const { search, pathname, hash } = location
      const query = new URLSearchParams(search)
      if (!query.has('state') || !(query.has('code') || query.has('error'))) return null
      history.replaceState(null, '', pathname + hash)
      return search
    },
    /**
     * Does what the user went to the provider for, and returns that. Throws OIDC_FAILED, EMAIL_UNVERIFIED, IDENTITY_TAKEN, or
     * PROVIDER_UNAVAILABLE, after which the same response may work later. After SIGN_UP_REQUIRED and ACCOUNT_EXISTS,
     * `pending('newcomer')` has what the provider says of the user: go on with `signUp`, or log in and then `linkNewcomer`.
     */
    async finish(response: string): Promise<Intent> {
      const { ticket = '', intent = 'login' } = tickets.find('oidc') ?? {}
      await finishBy[intent](ticket, response).catch((error: unknown) => {
        if (error instanceof ApiError && error.status < 500) tickets.drop('oidc')
        throw error
      })
      tickets.drop('oidc')
      return intent
    },
    /** Creates an account for the newcomer and logs in. Throws USERNAME_TAKEN, EMAIL_TAKEN or TICKET_INVALID. */
    signUp: (body: { username: string; name: string }) =>
      tickets.use('newcomer', (ticket) => {
        const options = { ...sessionOptions, remember: rememberOf('newcomer') }
        return signIn(() => plain.POST('/api/auth/oidc/signup', { body: { ...body, ticket, ...options } }))
      }),
    /** Links the newcomer's account at the provider, once they have logged in. Throws IDENTITY_TAKEN or REAUTHENTICATION_REQUIRED. */
    linkNewcomer: () =>
      tickets.use('newcomer', (ticket) => orThrow(api.POST('/api/users/me/identities', { body: { ticket } }))),
    /** The linked accounts of the user. */
    async identities() {
      return (await orThrow(api.GET('/api/users/me/identities'))).identities
    },
    /** Throws LAST_CREDENTIAL or REAUTHENTICATION_REQUIRED. */
    async unlink(id: string) {
      await orThrow(api.DELETE('/api/users/me/identities/{id}', { params: { path: { id } } }))
    }
  }
}
