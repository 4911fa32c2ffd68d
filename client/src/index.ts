import createApi from 'openapi-fetch'
import type { paths } from './contract.ts'
import { ApiError, endsSession, orThrow, toApiError } from './errors.ts'
import { MAX_WAIT_MS, sendWithRetry } from './retry.ts'
import { createTabs } from './tabs.ts'

export { ApiError, type Code, orThrow } from './errors.ts'

type Json<Reply> = Reply extends { content: { 'application/json': infer Body } } ? Body : never
type Input<Call> = Call extends { requestBody: { content: { 'application/json': infer Body } } } ? Body : never
type Login = Input<paths['/api/auth/login']['post']>
type Credentials = Pick<Login, 'usernameOrEmail' | 'password' | 'remember'>
type State = Json<paths['/api/auth/check-auth']['get']['responses'][200]>
type Tokens = Json<paths['/api/auth/token-refresh']['post']['responses'][200]>
export type Session = { user: NonNullable<State['user']>; session: NonNullable<State['session']> }
export type Options = {
  /** The address of the service, such as https://api.example.com. */
  baseUrl: string
  /** `token` keeps the access token in memory and the refresh token in a cookie; in Node, both in memory. Default: `cookie`. */
  transport?: 'cookie' | 'token'
  fetch?: typeof fetch
}
/** The tokens of a session, kept in memory only. `expiresAt`: of the access token, in ms of this device's clock. */
type Access = Tokens & { expiresAt: number }
/** What tabs send each other, tabs of an older version too. `isNews`: a user has logged in or out. */
type Message = { isLoggedIn: boolean; access: Access | null; userId: string | null; isNews: boolean }
/** The user a token belongs to. `atob` does not take base64url as it is. */
const userOf = ({ accessToken }: Tokens): string =>
  JSON.parse(atob(accessToken.split('.')[1]?.replaceAll('-', '+').replaceAll('_', '/') ?? '')).sub

/**
 * Logs in to the service, keeps the session alive in all tabs, and reports when it ends. All calls and tabs share one refresh.
 * Throws {@link ApiError} for an error reply, and whatever `fetch` throws if the service cannot be reached.
 */
export function createClient({ baseUrl: address, transport = 'cookie', fetch: send = fetch }: Options) {
  const baseUrl = new URL(address, globalThis.location?.href).href.replace(/\/$/, '')
  const isToken = transport === 'token'
  const listeners = new Set<(isLoggedIn: boolean) => void>()
  const tabs = createTabs<Message>(`starter ${transport} ${baseUrl}`, apply)
  const closing = new AbortController()
  /** `userId`: the user the tokens belong to. Null: not known yet, or the transport is `cookie`. */
  let { isLoggedIn, userId } = tabs.recall()
  let access: Access | null = null
  /** Increases with each login and logout. A call that began in an earlier epoch may belong to another user. */
  let epoch = 0
  let refreshing: Promise<void> | null = null
  const isStale = () => isToken && isLoggedIn !== false && !(access && Date.now() < access.expiresAt)
  function apply(message: Message) {
    // A tab that was frozen may send the tokens of a session that has ended, or that another user's has replaced.
    const isOutdated = isLoggedIn === false || (userId && message.userId !== userId)
    if (!message.isNews && isOutdated) return
    ;({ isLoggedIn, access, userId } = message)
    tabs.remember(message)
    epoch += Number(message.isNews)
    if (message.isNews) for (const listener of listeners) queueMicrotask(() => listener(message.isLoggedIn))
  }
  function toMessage(next: boolean, tokens?: Tokens, isNews = isLoggedIn === !next): Message {
    const kept = isToken && tokens ? { ...tokens, expiresAt: Date.now() + tokens.expiresIn * 1000 } : null
    return { isLoggedIn: next, access: kept, userId: kept && userOf(kept), isNews }
  }

  /** Gets a new access token, unless another call or tab has already replaced the `stale` one. */
  function refresh(stale: Access | null) {
    const request = () =>
      plain.POST('/api/auth/token-refresh', stale?.refreshToken ? { body: { refreshToken: stale.refreshToken } } : {})
    const work = async () => {
      if (access !== stale || isLoggedIn === false) return
      const startedIn = epoch
      // Retried once: within REFRESH_GRACE, the service repeats a reply that got lost.
      const { data, error, response } = await request().catch(request)
      const refusal = data ? null : await toApiError(response, error)
      // 400 means no cookie, 401 that the session has ended. Any other error may be temporary, so it ends nothing.
      if (refusal && (refusal.status > 401 || refusal.code === 'UNKNOWN')) throw refusal
      if (epoch !== startedIn) return
      // Another user may have logged in on another origin, or planted the cookie from a sibling subdomain: end this session.
      const isSameUser = data && (!userId || userOf(data) === userId)
      tabs.publish(isSameUser ? toMessage(true, data) : toMessage(false))
    }
    refreshing ??= tabs.withLock(work).finally(() => {
      refreshing = null
    })
    return refreshing
  }
  /** Changes the session, one tab at a time, and never the session of another user who has logged in meanwhile. */
  async function change(next: boolean, call: (headers: HeadersInit) => Parameters<typeof orThrow<Tokens>>[0]) {
    const startedIn = epoch
    const work = async () => {
      if (epoch !== startedIn && isLoggedIn) throw new Error('Another user has logged in')
      // Sent even without a token: it makes the service ignore the cookie of another session.
      const tokens = await orThrow(call(isToken ? { authorization: `Bearer ${access?.accessToken}` } : {}))
      if (epoch === startedIn) tabs.publish(toMessage(next, tokens))
    }
    if (isStale()) await refresh(access)
    await tabs.withLock(work).catch(async (error) => {
      if (!(error instanceof ApiError) || !endsSession(error)) throw error
      // The session has ended, unless the token was stale or another tab has just renewed the session.
      if (await session()) await tabs.withLock(work)
      else if (next) throw error
      else tabs.publish(toMessage(false))
    })
  }
  /** Sends once. With tokens, only the calls of `plain` send and store cookies. */
  function sendOnce(request: Request, used: Access | null) {
    const headers = new Headers(request.headers)
    if (used) headers.set('authorization', `Bearer ${used.accessToken}`)
    return send(new Request(request.clone(), { headers, credentials: isToken ? 'omit' : 'include' }))
  }
  /** Refreshes an expired token first, and retries once with a new token if the service refuses this one. */
  async function sendFresh(request: Request): Promise<Response> {
    const startedIn = epoch
    const own = () => (epoch === startedIn ? access : null)
    if (isStale()) await refresh(access)
    const used = own()
    const reply = await sendOnce(request, used)
    if (reply.status !== 401 || !endsSession(await toApiError(reply.clone()))) return reply
    // With cookies, the other tabs find out on their own.
    if (!isToken && epoch === startedIn) apply(toMessage(false))
    const fresh = used && (await refresh(used).then(own))
    return fresh ? sendOnce(request, fresh) : reply
  }
  /** All paths of the service, typed by its OpenAPI document: `const { data, error } = await api.GET('/api/users/me')`. */
  const api = createApi<paths>({ baseUrl, fetch: (request) => sendWithRetry(request, sendFresh, closing.signal) })
  /** Has a timeout, because other tabs wait for these calls. */
  const sendWithTimeout = (request: Request) => send(request.clone(), { signal: AbortSignal.timeout(MAX_WAIT_MS) })
  /** Sends cookies, and no token of its own. */
  const plain = createApi<paths>({
    baseUrl,
    fetch: (request) => sendWithRetry(request, sendWithTimeout, closing.signal),
    credentials: 'include'
  })
  /** The user who is logged in, and their session. Null: nobody is logged in. */
  async function session(): Promise<Session | null> {
    const check = () => orThrow(api.GET('/api/auth/check-auth'))
    const startedIn = epoch
    let state = await check()
    // This route never answers 401, so only a refresh shows whether the session of a refused token has ended.
    if (!state.authenticated && access && epoch === startedIn) state = await refresh(access).then(check)
    if (epoch !== startedIn) return session()
    if (!isToken && isLoggedIn !== state.authenticated) apply(toMessage(state.authenticated))
    return state.user && state.session ? { user: state.user, session: state.session } : null
  }

  return {
    api,
    session,
    /** Like the global `fetch`, with the credentials of the session. `path`: a path of the service. */
    fetch: (path: string, init?: RequestInit) =>
      sendWithRetry(new Request(`${baseUrl}/${path.replace(/^\//, '')}`, init), sendFresh, closing.signal),
    /** Throws INVALID_CREDENTIALS or TOO_MANY_ATTEMPTS. */
    login(credentials: Credentials): Promise<Session['user']> {
      const refreshIn = tabs.isBrowser ? ('cookie' as const) : ('body' as const)
      const body = { ...credentials, authType: transport as Login['authType'], ...(isToken && { refreshIn }) }
      return tabs.withLock(async () => {
        const reply = await orThrow(plain.POST('/api/auth/login', { body }))
        tabs.publish(toMessage(true, 'accessToken' in reply ? (reply as object as Tokens) : undefined, true))
        return reply.user
      })
    },
    /** Logs out in all tabs. If it throws, the service could not revoke the session: it is still active, so call this again. */
    logout: () => change(false, (headers) => plain.POST('/api/auth/logout', { headers })),
    /** Confirms the password, which makes the session fresh. Throws INVALID_CREDENTIALS or TOO_MANY_ATTEMPTS. */
    reauthenticate: (password: string) =>
      change(true, (headers) => plain.POST('/api/auth/reauthenticate', { body: { password }, headers })),
    /** Also revokes all other sessions of the user. Throws INVALID_CREDENTIALS, PASSWORD_TOO_COMMON or TOO_MANY_ATTEMPTS. */
    changePassword: (body: Input<paths['/api/users/me/password']['put']>) =>
      change(true, (headers) => plain.PUT('/api/users/me/password', { body, headers })),
    /** Calls the listener after each login and logout, in this tab or another. Returns a function that removes the listener. */
    onChange(listener: (isLoggedIn: boolean) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    /** Disconnects from other tabs, removes all listeners and stops retrying. Calls still work, for this client alone. */
    close() {
      closing.abort()
      listeners.clear()
      tabs.close()
    }
  }
}
