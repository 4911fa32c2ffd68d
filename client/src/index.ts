import createApi from 'openapi-fetch'
import { ApiError, toApiError } from './errors.ts'
import type { paths } from './schema.d.ts'
import { createTabs } from './tabs.ts'

export { ApiError } from './errors.ts'

type Json<Reply> = Reply extends { content: { 'application/json': infer Body } } ? Body : never
type Body<Operation> = Operation extends { requestBody: { content: { 'application/json': infer Sent } } } ? Sent : never
type Login = Body<paths['/api/auth/login']['post']>
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

/** What of a token reply is kept, in memory alone. */
type Access = { accessToken: string }
/** The codes that a refresh may help against. */
const STALE = ['TOKEN_EXPIRED', 'TOKEN_REVOKED', 'INVALID_TOKEN', 'UNAUTHENTICATED']
/** Longer than this nobody waits for a reply; then the error says how long it would take. */
const LONGEST_WAIT_MS = 10_000
const TRIES = 3

/**
 * Logs in to the service, keeps being logged in in all tabs, and tells when that ends. One refresh serves any number of calls and
 * tabs. Throws {@link ApiError} for what the service refuses, and whatever `fetch` throws where it cannot be reached.
 */
export function createClient({ baseUrl, transport = 'cookie', fetch: send = fetch }: Options) {
  const isToken = transport === 'token'
  const listeners = new Set<(isLoggedIn: boolean) => void>()
  let access: Access | null = null
  /** Unknown until it was asked: a reload forgets, the cookie does not. */
  let isLoggedIn: boolean | null = null
  let refreshing: Promise<void> | null = null

  function set(next: boolean, token: Access | null) {
    const hasChanged = isLoggedIn !== next
    isLoggedIn = next
    access = token
    if (hasChanged) for (const listener of listeners) listener(next)
  }
  const tabs = createTabs<{ isLoggedIn: boolean; access: Access | null }>(`starter ${baseUrl}`, (told) =>
    set(told.isLoggedIn, told.access)
  )
  /** Here and in all other tabs. */
  function become(next: boolean, token: Access | null = null) {
    set(next, token)
    tabs.tell({ isLoggedIn: next, access: token })
  }

  function post(path: string, body?: object) {
    const json = body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    return send(`${baseUrl}${path}`, { method: 'POST', credentials: 'include', ...json })
  }

  /** A new access token, unless another call or another tab has got one in place of the `stale` one. */
  async function refreshOnce(stale: Access | null) {
    await tabs.alone(async () => {
      if (access !== stale) return
      const reply = await post('/api/auth/token-refresh')
      if (reply.ok) return become(true, (await reply.json()) as Access)
      // 400: there is no cookie. Any other refusal may be over soon, and ends nothing.
      if (reply.status !== 400 && reply.status !== 401) throw await toApiError(reply)
      become(false)
    })
  }
  function refresh(stale: Access | null) {
    refreshing ??= refreshOnce(stale).finally(() => {
      refreshing = null
    })
    return refreshing
  }

  /** One try, by the credential of the moment. */
  function sendOnce(request: Request) {
    // By token only what gives or takes the cookie of the refresh token asks for cookies: none is sent or kept without.
    const headers = new Headers(request.headers)
    if (access) headers.set('authorization', `Bearer ${access.accessToken}`)
    const needsCookie = !isToken || request.credentials === 'include'
    return send(new Request(request.clone(), { headers, credentials: needsCookie ? 'include' : 'omit' }))
  }

  /** Again after a refresh, where the token was stale. */
  async function sendFresh(request: Request): Promise<Response> {
    if (isToken && access === null && isLoggedIn !== false) await refresh(null)
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

  /** Again after the time that the service asks for, where that is safe. */
  async function sendPatiently(request: Request): Promise<Response> {
    for (let i = 1; ; i++) {
      const reply = await sendFresh(request)
      const isBusy = reply.status === 429 || reply.status === 503
      if (!isBusy || request.method !== 'GET' || i === TRIES) return reply
      const { retryAfterMs } = await toApiError(reply.clone())
      if (retryAfterMs === null || retryAfterMs > LONGEST_WAIT_MS) return reply
      await new Promise((resolve) => setTimeout(resolve, retryAfterMs))
    }
  }

  /** Calls of the service by their paths, typed by its contract: `const { data, error } = await api.GET('/api/users/me')`. */
  const api = createApi<paths>({ baseUrl, fetch: sendPatiently })

  async function ok<Reply>(call: Promise<{ data?: Reply; response: Response; error?: unknown }>) {
    const { data, error, response } = await call
    if (!response.ok) throw await toApiError(response, error)
    return data as Reply
  }
  /** A renewed login has another token. */
  function renew(reply: Access | undefined) {
    if (isToken && reply) become(true, reply)
  }

  return {
    api,
    /** As the global `fetch`, as the one who is logged in; `path` is one of the service. */
    fetch: (path: string, init?: RequestInit) => sendPatiently(new Request(`${baseUrl}${path}`, init)),
    /** Throws INVALID_CREDENTIALS or TOO_MANY_ATTEMPTS. */
    async login(credentials: Pick<Login, 'usernameOrEmail' | 'password' | 'remember'>): Promise<User> {
      const carrier = isToken ? { authType: transport, refreshIn: 'cookie' } : { authType: transport }
      const reply = await post('/api/auth/login', { ...credentials, ...carrier })
      if (!reply.ok) throw await toApiError(reply)
      const { user, ...token } = (await reply.json()) as { user: User } & Access
      become(true, isToken ? token : null)
      return user
    },
    /** Ends this login in all tabs. Throws where the service could not store that: then it lives, and this can be repeated. */
    async logout() {
      // Refreshed first, where its token is stale: a login that lives is not logged out by being refused.
      const reply = await sendFresh(
        new Request(`${baseUrl}/api/auth/logout`, { method: 'POST', credentials: 'include' })
      )
      if (!reply.ok && reply.status !== 401) throw await toApiError(reply)
      become(false)
    },
    /** Who is logged in, and for how long; null: nobody. */
    async session(): Promise<Session | null> {
      const { authenticated, user, session } = await ok(api.GET('/api/auth/check-auth'))
      if (isLoggedIn !== authenticated) become(authenticated, access)
      return authenticated && user && session ? { user, session } : null
    },
    /** Gives the password again: this login is fresh. Throws INVALID_CREDENTIALS or TOO_MANY_ATTEMPTS. */
    async reauthenticate(password: string) {
      renew(await ok(api.POST('/api/auth/reauthenticate', { body: { password }, credentials: 'include' })))
    },
    /** Every other login ends. Throws INVALID_CREDENTIALS, PASSWORD_TOO_COMMON or TOO_MANY_ATTEMPTS. */
    async changePassword(passwords: { currentPassword: string; newPassword: string }) {
      renew(await ok(api.PUT('/api/users/me/password', { body: passwords, credentials: 'include' })))
    },
    /** Tells of each change, in this tab or another; gives what stops that. */
    onChange(listener: (isLoggedIn: boolean) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    /** Hears no more of other tabs. */
    close: () => tabs.close()
  }
}
