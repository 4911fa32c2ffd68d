import createApi from 'openapi-fetch'
import { createAdmin } from './admin.ts'
import { createApiTokens } from './api-tokens.ts'
import { createChannels } from './channels.ts'
import type { Input, Login, paths, SessionOptions, User } from './contract.ts'
import { type ApiError, orThrow } from './errors.ts'
import { createFiles } from './files.ts'
import { createNotifications } from './notifications.ts'
import { createOidc } from './oidc.ts'
import { createPasskeys } from './passkeys.ts'
import { createRecovery } from './recovery.ts'
import { createRefresher, type Send } from './refresher.ts'
import { MAX_WAIT_MS, sendWithRetry } from './retry.ts'
import { createSecondFactor } from './second-factor.ts'
import { createSession } from './session.ts'
import { type Access, createStore, type Message } from './store.ts'
import { createTabs } from './tabs.ts'
import { createTickets, type Purpose, type Ticket } from './tickets.ts'
import { type SessionState, watchSession } from './watch.ts'

export type { Session } from './contract.ts'
export { ApiError, type Code, type FieldError, orThrow } from './errors.ts'
export type { Notification, NotificationState } from './notifications.ts'
export { ChannelError, type ChannelListener, type ChannelMessage, type ChannelState } from './roster.ts'
export type { SessionState } from './watch.ts'
export { PasskeyError } from './webauthn.ts'

export type Options = {
  /** The address of the service, such as https://api.example.com. */
  baseUrl: string
  /** `token` keeps the access token in memory and the refresh token in a cookie; in Node, both in memory. Default: `cookie`. */
  transport?: 'cookie' | 'token'
  fetch?: typeof fetch
}
/** With mail, the reply of a sign-up has the ticket of the code that was sent. */
type SignedUp = { user: User; emailVerification?: Ticket }

/**
 * Logs in to the service, keeps the session alive in all tabs, and reports when it ends. All calls and tabs share one refresh.
 * Throws {@link ApiError} for an error reply, and whatever `fetch` throws if the service cannot be reached.
 */
export function createClient({ baseUrl: address, transport = 'cookie', fetch: send = fetch }: Options) {
  const baseUrl = new URL(address, globalThis.location?.href).href.replace(/\/$/, '')
  const isToken = transport === 'token'
  const closing = new AbortController()
  const name = `starter ${transport} ${baseUrl}`
  const tabs = createTabs<Message>(name)
  const store = createStore(tabs, isToken)

  /** With tokens, only the calls of `plain` send and store cookies. */
  function sendOnce(request: Request, access: Access | null, by: Send = send) {
    const headers = new Headers(request.headers)
    if (access) headers.set('authorization', `Bearer ${access.accessToken}`)
    return by(new Request(request.clone(), { headers, credentials: isToken ? 'omit' : 'include' }))
  }
  /** Has a timeout, because other tabs wait for these calls. */
  const sendWithTimeout = (request: Request) => send(request.clone(), { signal: AbortSignal.timeout(MAX_WAIT_MS) })
  const plain = createApi<paths>({
    baseUrl,
    fetch: (request) => sendWithRetry(request, sendWithTimeout, closing.signal),
    credentials: 'include'
  })
  const { refresh, sendFresh } = createRefresher({ store, tabs, plain, send: sendOnce })
  /** All paths of the service, typed by its OpenAPI document: `const { data, error } = await api.GET('/api/users/me')`. */
  const api = createApi<paths>({ baseUrl, fetch: (request) => sendWithRetry(request, sendFresh, closing.signal) })
  const tickets = createTickets(name, tabs.isBrowser)
  const { session, signIn, renew, end } = createSession({ store, tabs, api, refresh, onRefused })

  function onRefused({ secondFactor }: ApiError, isLogin: boolean) {
    if (secondFactor) tickets.keep('second-factor', { ...secondFactor, isLogin })
  }

  const refreshIn = tabs.isBrowser ? ('cookie' as const) : ('body' as const)
  const sessionOptions: SessionOptions = { authType: transport as Login['authType'], ...(isToken && { refreshIn }) }

  /** Throws INVALID_CREDENTIALS or TOO_MANY_ATTEMPTS. */
  function login(credentials: Pick<Login, 'usernameOrEmail' | 'password' | 'remember'>) {
    return signIn(() => plain.POST('/api/auth/login', { body: { ...credentials, ...sessionOptions } }))
  }

  const toRequest = (path: string, init?: RequestInit) => new Request(`${baseUrl}/${path.replace(/^\//, '')}`, init)

  return {
    api,
    session,
    /** Like the global `fetch`, with the credentials of the session. `path`: a path of the service. */
    fetch: (path: string, init?: RequestInit) => sendWithRetry(toRequest(path, init), sendFresh, closing.signal),
    login,
    /** Creates an account and logs in. Throws USERNAME_TAKEN, EMAIL_TAKEN, PASSWORD_TOO_COMMON or VALIDATION_FAILED. */
    async signUp(body: Input<paths['/api/auth/signup']['post']>) {
      const { emailVerification }: SignedUp = await orThrow(plain.POST('/api/auth/signup', { body }))
      if (emailVerification) tickets.keep('email-verification', emailVerification)
      return login({ usernameOrEmail: body.username, password: body.password })
    },
    /** Logs out in all tabs. If it throws, the service could not revoke the session: it is still active, so call this again. */
    logout: () => end((headers) => plain.POST('/api/auth/logout', { headers })),
    /** Confirms the password, which makes the session fresh. Throws INVALID_CREDENTIALS or TOO_MANY_ATTEMPTS. */
    async reauthenticate(password: string) {
      await renew((headers) => plain.POST('/api/auth/reauthenticate', { body: { password }, headers }))
    },
    /** Also revokes all other sessions of the user. Throws INVALID_CREDENTIALS, PASSWORD_TOO_COMMON or TOO_MANY_ATTEMPTS. */
    async changePassword(body: Input<paths['/api/users/me/password']['put']>) {
      await renew((headers) => plain.PUT('/api/users/me/password', { body, headers }))
    },
    /** What waits for a code from the user, also after a reload. Null: nothing. */
    pending: (purpose: Purpose): Omit<Ticket, 'ticket'> | null => tickets.find(purpose),
    /** Gives up what waits, for a user who cancels. */
    forget: tickets.drop,
    /** Calls the listener after each change of `pending` in this tab. Returns a function that removes the listener. */
    onPending(listener: () => void) {
      tickets.listeners.add(listener)
      return () => void tickets.listeners.delete(listener)
    },
    apiTokens: createApiTokens(api),
    admin: createAdmin(api),
    notifications: createNotifications({ name, store, tabs, api, session, sendFresh, toRequest, closing }),
    channels: createChannels({ baseUrl, store, tabs, api, session, closing }),
    ...createFiles({ api, isToken, sendFresh, toRequest }),
    oidc: createOidc({ tickets, api, plain, signIn, renew, sessionOptions }),
    ...createSecondFactor({ tickets, plain, signIn, renew }),
    ...createPasskeys({ api, plain, signIn, renew, sessionOptions }),
    ...createRecovery({ tickets, api, plain, renew }),
    /** Reports the session now and whenever it changes, in this tab or another. Returns a function that stops it. */
    watch(listener: (state: SessionState) => void) {
      const stop = watchSession(store, session, listener)
      closing.signal.addEventListener('abort', stop)
      return stop
    },
    /** Calls the listener after each login and logout, in this tab or another. Returns a function that removes the listener. */
    onChange(listener: (isLoggedIn: boolean) => void) {
      store.listeners.add(listener)
      return () => void store.listeners.delete(listener)
    },
    /** Disconnects from other tabs, removes all listeners and stops retrying. Calls still work, for this client alone. */
    close() {
      closing.abort()
      store.listeners.clear()
      tickets.listeners.clear()
      tabs.close()
    }
  }
}
