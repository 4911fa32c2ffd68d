import createApi from 'openapi-fetch'
import { orThrow, toApiError } from './errors.ts'
import type { paths } from './schema.d.ts'
import { createTabs } from './tabs.ts'

export { ApiError, orThrow } from './errors.ts'

type Json<Reply> = Reply extends { content: { 'application/json': infer Body } } ? Body : never
type Sent<Operation> = Operation extends { requestBody: { content: { 'application/json': infer Body } } } ? Body : never
type Credentials = Pick<Sent<paths['/api/auth/login']['post']>, 'usernameOrEmail' | 'password' | 'remember'>
type Passwords = Sent<paths['/api/users/me/password']['put']>
type State = Json<paths['/api/auth/check-auth']['get']['responses'][200]>
export type User = Json<paths['/api/users/me']['get']['responses'][200]>
export type Session = { user: User; session: NonNullable<State['session']> }
export type Client = ReturnType<typeof createClient>
export type Options = {
  /** Where the service is, such as https://api.example.com. */
  baseUrl: string
  /** How logins are carried: a cookie of the service, or an access token in memory with its refresh token in a cookie. */
  transport?: 'cookie' | 'token'
  /** In place of the global one. */
  fetch?: typeof fetch
}

/** An access token and when it ends, in ms of this machine's clock. It is in memory alone. */
type Access = { token: string; expiresAt: number }
type Message = { isLoggedIn: boolean; access: Access | null; isNews: boolean }
/** The codes that a refresh may help against. */
const STALE = ['TOKEN_EXPIRED', 'TOKEN_REVOKED', 'INVALID_TOKEN', 'UNAUTHENTICATED']
/** Longer than this nobody waits for a reply; then the error says how long it would take. */
const LONGEST_WAIT_MS = 10_000
const TRIES = 3
const REFRESH = '/api/auth/token-refresh'
/** All tabs wait for it. */
const LONGEST_REFRESH_MS = 30_000

/**
 * Logs in to the service, keeps being logged in in all tabs, and tells when that ends. One refresh serves any number of calls and
 * tabs. Throws {@link ApiError} for what the service refuses, and whatever `fetch` throws where it cannot be reached.
 */
export function createClient({ baseUrl, transport = 'cookie', fetch: send = fetch }: Options) {
  const isToken = transport === 'token'
  const listeners = new Set<(isLoggedIn: boolean) => void>()
  const tabs = createTabs<Message>(`starter ${transport} ${baseUrl}`, hear)
  /** Null: unknown until it was asked. A reload forgets the token, but not that there was a login. */
  let isLoggedIn = tabs.wasLoggedIn()
  let access: Access | null = null
  let refreshing: Promise<void> | null = null

  function hear(message: Message) {
    ;({ isLoggedIn, access } = message)
    if (message.isNews) for (const listener of listeners) listener(message.isLoggedIn)
  }
  /** Here and in all other tabs. */
  function become(next: boolean, token?: { accessToken: string; expiresIn: number }, isNews = isLoggedIn !== next) {
    const kept = isToken && token && { token: token.accessToken, expiresAt: Date.now() + token.expiresIn * 1000 }
    const message = { isLoggedIn: next, access: kept || null, isNews }
    tabs.tell(message)
    hear(message)
  }

  /** A new access token, unless another call or another tab has got one in place of the `stale` one. */
  function refresh(stale: Access | null) {
    const work = async () => {
      if (access !== stale || isLoggedIn === false) return false
      const { data, error, response } = await plain.POST(REFRESH, { signal: AbortSignal.timeout(LONGEST_REFRESH_MS) })
      // 400: there is no cookie. Any other refusal may be over soon, and ends nothing.
      if (!data && response.status !== 400 && response.status !== 401) throw await toApiError(response, error)
      become(data !== undefined, data)
      return true
    }
    refreshing ??= tabs.alone(work).finally(() => {
      refreshing = null
    })
    return refreshing
  }

  /** One try, by the credential of the moment. */
  function sendOnce(request: Request) {
    // By token only what gives or takes the cookie of the refresh token asks for cookies: none is sent or kept without.
    const headers = new Headers(request.headers)
    if (access) headers.set('authorization', `Bearer ${access.token}`)
    const needsCookie = !isToken || request.credentials === 'include'
    return send(new Request(request.clone(), { headers, credentials: needsCookie ? 'include' : 'omit' }))
  }

  /** With a token that has not expired, and again after a refresh where it was refused all the same. */
  async function sendFresh(request: Request): Promise<Response> {
    if (isToken && isLoggedIn !== false && !(access && Date.now() < access.expiresAt)) await refresh(access)
    const used = access
    const reply = await sendOnce(request)
    if (reply.status !== 401) return reply
    const { code } = await toApiError(reply.clone())
    if (!STALE.includes(code) && !code.startsWith('SESSION_')) return reply
    if (!isToken) become(false)
    if (!isToken || used === null) return reply
    await refresh(used)
    return access ? sendOnce(request) : reply
  }

  /** Again after the time that the service asks for, where that does nothing twice; a refresh gives the same again. */
  const patiently = (sendOne: typeof sendFresh) => async (request: Request) => {
    const isRepeatable = request.method === 'GET' || request.url === baseUrl + REFRESH
    for (let i = 1; ; i++) {
      const reply = await sendOne(request)
      const isBusy = reply.status === 429 || reply.status === 503
      if (!isBusy || !isRepeatable || i === TRIES) return reply
      const { retryAfterMs } = await toApiError(reply.clone())
      if (retryAfterMs === null || retryAfterMs > LONGEST_WAIT_MS) return reply
      await new Promise((resolve) => setTimeout(resolve, retryAfterMs))
    }
  }
  const sendPatiently = patiently(sendFresh)

  /** Calls of the service by their paths, typed by its contract: `const { data, error } = await api.GET('/api/users/me')`. */
  const api = createApi<paths>({ baseUrl, fetch: sendPatiently })
  /** The same, by cookies alone. */
  const plain = createApi<paths>({ baseUrl, fetch: patiently(send), credentials: 'include' })

  return {
    api,
    /** As the global `fetch`, as the one who is logged in; `path` is one of the service. */
    fetch: (path: string, init?: RequestInit) => sendPatiently(new Request(`${baseUrl}${path}`, init)),
    /** Throws INVALID_CREDENTIALS or TOO_MANY_ATTEMPTS. */
    async login(credentials: Credentials): Promise<User> {
      const carrier = isToken ? { authType: transport, refreshIn: 'cookie' as const } : { authType: transport }
      const reply = await orThrow(plain.POST('/api/auth/login', { body: { ...credentials, ...carrier } }))
      become(true, 'accessToken' in reply ? reply : undefined, true)
      return reply.user
    },
    /** Ends this login in all tabs. Throws where the service could not store that: then it lives, and this can be repeated. */
    async logout() {
      // Refreshed first, where its token is stale: a login that lives is not logged out by being refused.
      const path: keyof paths = '/api/auth/logout'
      const reply = await sendFresh(new Request(baseUrl + path, { method: 'POST', credentials: 'include' }))
      if (!reply.ok && reply.status !== 401) throw await toApiError(reply)
      become(false)
    },
    /** Who is logged in, and for how long; null: nobody. */
    async session(): Promise<Session | null> {
      const { authenticated, user, session } = await orThrow(api.GET('/api/auth/check-auth'))
      if (isLoggedIn !== authenticated) become(authenticated)
      return authenticated && user && session ? { user, session } : null
    },
    /** Gives the password again: this login is fresh. Throws INVALID_CREDENTIALS or TOO_MANY_ATTEMPTS. */
    async reauthenticate(password: string) {
      become(true, await orThrow(api.POST('/api/auth/reauthenticate', { body: { password }, credentials: 'include' })))
    },
    /** Every other login ends. Throws INVALID_CREDENTIALS, PASSWORD_TOO_COMMON or TOO_MANY_ATTEMPTS. */
    async changePassword(passwords: Passwords) {
      become(true, await orThrow(api.PUT('/api/users/me/password', { body: passwords, credentials: 'include' })))
    },
    /** Tells of each login and of its end, in this tab or another; gives what stops that. */
    onChange(listener: (isLoggedIn: boolean) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    /** Hears no more of other tabs. */
    close: () => tabs.close()
  }
}
