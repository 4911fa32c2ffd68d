import createApi from 'openapi-fetch'
import { ApiError, orThrow, toApiError } from './errors.ts'
import { LONGEST_WAIT_MS, sendPatiently } from './patience.ts'
import type { paths } from './schema.d.ts'
import { createTabs } from './tabs.ts'

export { ApiError, type Code, orThrow } from './errors.ts'

type Json<Reply> = Reply extends { content: { 'application/json': infer Body } } ? Body : never
type Sent<Operation> = Operation extends { requestBody: { content: { 'application/json': infer Body } } } ? Body : never
type Credentials = Pick<Sent<paths['/api/auth/login']['post']>, 'usernameOrEmail' | 'password' | 'remember'>
type State = Json<paths['/api/auth/check-auth']['get']['responses'][200]>
type Tokens = Json<paths['/api/auth/token-refresh']['post']['responses'][200]>
export type Session = { user: NonNullable<State['user']>; session: NonNullable<State['session']> }
export type Options = {
  /** Where the service is, such as https://api.example.com. */
  baseUrl: string
  /** By a cookie, or by an access token in memory and a refresh token in a cookie. In Node, which keeps no cookies: in memory. */
  transport?: 'cookie' | 'token'
  fetch?: typeof fetch
}
/** The tokens of a login, in memory alone, and when the access token ends, in ms of this machine's clock. */
type Access = Tokens & { expiresAt: number }
type Message = { isLoggedIn: boolean; access: Access | null; userId: string | null; isNews: boolean }
/** Whose token it is; base64url is what `atob` takes, but for two characters. */
const userOf = ({ accessToken }: Tokens): string =>
  JSON.parse(atob(accessToken.split('.')[1]?.replaceAll('-', '+').replaceAll('_', '/') ?? '')).sub
/** Whether a credential has ended, and maybe its login; not said by a wrong password, or by something before the service. */
const isOver = ({ status, code }: ApiError) => status === 401 && code !== 'INVALID_CREDENTIALS' && code !== 'UNKNOWN'

/**
 * Logs in to the service, keeps being logged in in all tabs, and tells when that ends. One refresh serves any number of calls and
 * tabs. Throws {@link ApiError} for what the service refuses, and whatever `fetch` throws where it cannot be reached.
 */
export function createClient({ baseUrl: address, transport = 'cookie', fetch: send = fetch }: Options) {
  const baseUrl = new URL(address, globalThis.location?.href).href.replace(/\/$/, '')
  const isToken = transport === 'token'
  const listeners = new Set<(isLoggedIn: boolean) => void>()
  const tabs = createTabs<Message>(`starter ${transport} ${baseUrl}`, hear)
  const closing = new AbortController()
  /** `userId`: whose tokens these are; null: not known, or by cookie. */
  let { isLoggedIn, userId } = tabs.recall()
  let access: Access | null = null
  /** Counts the logins and their ends: what began before one is not of the same person. */
  let people = 0
  let refreshing: Promise<void> | null = null
  const isStale = () => isToken && isLoggedIn !== false && !(access && Date.now() < access.expiresAt)
  function hear(message: Message) {
    // A tab that was stuck may tell late of a login that has ended, or that another user's has replaced.
    const isOutdated = isLoggedIn === false || (userId && message.userId !== userId)
    if (!message.isNews && isOutdated) return
    ;({ isLoggedIn, access, userId } = message)
    tabs.remember(message)
    people += Number(message.isNews)
    if (message.isNews) for (const listener of listeners) queueMicrotask(() => listener(message.isLoggedIn))
  }
  function say(next: boolean, tokens?: Tokens, isNews = isLoggedIn === !next): Message {
    const kept = isToken && tokens ? { ...tokens, expiresAt: Date.now() + tokens.expiresIn * 1000 } : null
    return { isLoggedIn: next, access: kept, userId: kept && userOf(kept), isNews }
  }

  /** A new access token, unless another call or another tab has got one in place of the `stale` one. */
  function refresh(stale: Access | null) {
    const ask = () =>
      plain.POST('/api/auth/token-refresh', stale?.refreshToken ? { body: { refreshToken: stale.refreshToken } } : {})
    const work = async () => {
      if (access !== stale || isLoggedIn === false) return
      const asker = people
      // Asked twice: a reply that got lost is the same again, within REFRESH_GRACE.
      const { data, error, response } = await ask().catch(ask)
      const refusal = data ? null : await toApiError(response, error)
      // 400: there is no cookie. Any other refusal may be over soon, and ends nothing.
      if (refusal && (refusal.status > 401 || refusal.code === 'UNKNOWN')) throw refusal
      if (people !== asker) return
      // The cookie may be another user's: of a login on another origin, or planted by a neighboring subdomain. Nobody silently
      // becomes that user: the login of this page has ended.
      const isSameUser = data && (!userId || userOf(data) === userId)
      tabs.tell(isSameUser ? say(true, data) : say(false))
    }
    refreshing ??= tabs.alone(work).finally(() => {
      refreshing = null
    })
    return refreshing
  }
  /** What changes a login, one tab after the other, and never that of somebody who came meanwhile. */
  async function change(next: boolean, call: (headers: HeadersInit) => Parameters<typeof orThrow<Tokens>>[0]) {
    const asker = people
    const work = async () => {
      if (people !== asker && isLoggedIn) throw new Error('Somebody else has logged in')
      // By token always one, so that no cookie of another login counts.
      const tokens = await orThrow(call(isToken ? { authorization: `Bearer ${access?.accessToken}` } : {}))
      if (people === asker) tabs.tell(say(next, tokens))
    }
    if (isStale()) await refresh(access)
    await tabs.alone(work).catch(async (error) => {
      if (!(error instanceof ApiError) || !isOver(error)) throw error
      // It is over, unless the token was stale, or another tab has renewed the login just now.
      if (await session()) await tabs.alone(work)
      else if (next) throw error
      else tabs.tell(say(false))
    })
  }
  /** One try. By token nothing but what sets the cookie of the refresh token sends or keeps cookies: see `plain`. */
  function sendOnce(request: Request, used: Access | null) {
    const headers = new Headers(request.headers)
    if (used) headers.set('authorization', `Bearer ${used.accessToken}`)
    return send(new Request(request.clone(), { headers, credentials: isToken ? 'omit' : 'include' }))
  }
  /** With a token that has not expired, and again after a refresh where it was refused all the same. */
  async function sendFresh(request: Request): Promise<Response> {
    const asker = people
    const own = () => (people === asker ? access : null)
    if (isStale()) await refresh(access)
    const used = own()
    const reply = await sendOnce(request, used)
    if (reply.status !== 401 || !isOver(await toApiError(reply.clone()))) return reply
    // By cookie the other tabs see it for themselves.
    if (!isToken && people === asker) hear(say(false))
    const fresh = used && (await refresh(used).then(own))
    return fresh ? sendOnce(request, fresh) : reply
  }
  /** Calls of the service by their paths, typed by its contract: `const { data, error } = await api.GET('/api/users/me')`. */
  const api = createApi<paths>({ baseUrl, fetch: (request) => sendPatiently(request, sendFresh, closing.signal) })
  /** With cookies, and only so long: for what all tabs wait for. */
  const inTime = (sent: Request) => send(sent.clone(), { signal: AbortSignal.timeout(LONGEST_WAIT_MS) })
  const plain = createApi<paths>({
    baseUrl,
    fetch: (sent) => sendPatiently(sent, inTime, closing.signal),
    credentials: 'include'
  })
  /** Who is logged in, and for how long; null: nobody. */
  async function session(): Promise<Session | null> {
    const ask = () => orThrow(api.GET('/api/auth/check-auth'))
    const asker = people
    let state = await ask()
    // It refuses nobody: whether the login of a token is over, the refresh says.
    if (!state.authenticated && access && people === asker) state = await refresh(access).then(ask)
    if (people !== asker) return session()
    if (!isToken && isLoggedIn !== state.authenticated) hear(say(state.authenticated))
    return state.user && state.session ? { user: state.user, session: state.session } : null
  }

  return {
    api,
    session,
    /** As the global `fetch`, as the one who is logged in; `path` is one of the service. */
    fetch: (path: string, init?: RequestInit) =>
      sendPatiently(new Request(`${baseUrl}/${path.replace(/^\//, '')}`, init), sendFresh, closing.signal),
    /** Throws INVALID_CREDENTIALS or TOO_MANY_ATTEMPTS. */
    login(credentials: Credentials): Promise<Session['user']> {
      const refreshIn = tabs.isBrowser ? ('cookie' as const) : ('body' as const)
      const body = { ...credentials, authType: transport, ...(isToken && { refreshIn }) }
      return tabs.alone(async () => {
        const reply = await orThrow(plain.POST('/api/auth/login', { body }))
        tabs.tell(say(true, 'accessToken' in reply ? reply : undefined, true))
        return reply.user
      })
    },
    /** Ends this login in all tabs. Throws where the service could not store that: then it lives, and this can be repeated. */
    logout: () => change(false, (headers) => plain.POST('/api/auth/logout', { headers })),
    /** Gives the password again: this login is fresh. Throws INVALID_CREDENTIALS or TOO_MANY_ATTEMPTS. */
    reauthenticate: (password: string) =>
      change(true, (headers) => plain.POST('/api/auth/reauthenticate', { body: { password }, headers })),
    /** Every other login ends. Throws INVALID_CREDENTIALS, PASSWORD_TOO_COMMON or TOO_MANY_ATTEMPTS. */
    changePassword: (body: Sent<paths['/api/users/me/password']['put']>) =>
      change(true, (headers) => plain.PUT('/api/users/me/password', { body, headers })),
    /** Tells of each login and of its end, in this tab or another; gives what stops that. */
    onChange(listener: (isLoggedIn: boolean) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    /** Lets go of the other tabs, of all listeners and of waits for a busy service. Calls still work, for this client alone. */
    close() {
      closing.abort()
      listeners.clear()
      tabs.close()
    }
  }
}
