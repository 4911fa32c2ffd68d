import createApi from 'openapi-fetch'
import { type ApiError, orThrow, toApiError } from './errors.ts'
import type { paths } from './schema.d.ts'
import { createTabs } from './tabs.ts'

export { ApiError, type Code, orThrow } from './errors.ts'

type Json<Reply> = Reply extends { content: { 'application/json': infer Body } } ? Body : never
type Sent<Operation> = Operation extends { requestBody: { content: { 'application/json': infer Body } } } ? Body : never
type Credentials = Pick<Sent<paths['/api/auth/login']['post']>, 'usernameOrEmail' | 'password' | 'remember'>
type State = Json<paths['/api/auth/check-auth']['get']['responses'][200]>
type Tokens = Json<paths['/api/auth/token-refresh']['post']['responses'][200]>
export type User = Json<paths['/api/users/me']['get']['responses'][200]>
export type Session = { user: User; session: NonNullable<State['session']> }
export type Options = {
  /** Where the service is, such as https://api.example.com. */
  baseUrl: string
  /** By a cookie, or by an access token in memory and a refresh token in a cookie. In Node, which keeps no cookies: in memory. */
  transport?: 'cookie' | 'token'
  fetch?: typeof fetch
}

/** The tokens of a login, in memory alone, and when the access token ends, in ms of this machine's clock. */
type Access = Tokens & { expiresAt: number }
type Message = { isLoggedIn: boolean; access: Access | null; isNews: boolean }
/** Whether a credential has ended, and maybe its login; not said by a wrong password, or by something before the service. */
const isOver = ({ status, code }: ApiError) => status === 401 && code !== 'INVALID_CREDENTIALS' && code !== 'UNKNOWN'
/** Longer than this nobody waits for a reply; then the error says how long it would take. */
const LONGEST_WAIT_MS = 10_000
const TRIES = 3
const REFRESH = '/api/auth/token-refresh'

/**
 * Logs in to the service, keeps being logged in in all tabs, and tells when that ends. One refresh serves any number of calls and
 * tabs. Throws {@link ApiError} for what the service refuses, and whatever `fetch` throws where it cannot be reached.
 */
export function createClient({ baseUrl, transport = 'cookie', fetch: send = fetch }: Options) {
  const base = new URL(baseUrl, globalThis.location?.href).href.replace(/\/$/, '')
  const isToken = transport === 'token'
  const listeners = new Set<(isLoggedIn: boolean) => void>()
  const tabs = createTabs<Message>(`starter ${transport} ${base}`, hear)
  let isLoggedIn = tabs.wasLoggedIn()
  let access: Access | null = null
  /** Counts the logins and their ends: what began before one is not of the same person. */
  let people = 0
  let refreshing: Promise<void> | null = null

  function hear(message: Message) {
    ;({ isLoggedIn, access } = message)
    people += Number(message.isNews)
    if (message.isNews) for (const listener of listeners) listener(message.isLoggedIn)
  }
  /** Here and in all other tabs. */
  function become(next: boolean, tokens?: Tokens, isNews = isLoggedIn === !next) {
    const kept = isToken && tokens ? { ...tokens, expiresAt: Date.now() + tokens.expiresIn * 1000 } : null
    const message = { isLoggedIn: next, access: kept, isNews }
    tabs.tell(message)
    hear(message)
  }
  /** What was learnt by cookie: the other tabs learn it for themselves. */
  const learn = (next: boolean) => hear({ isLoggedIn: next, access: null, isNews: isLoggedIn === !next })

  /** A new access token, unless another call or another tab has got one in place of the `stale` one. */
  function refresh(stale: Access | null) {
    const isWanted = () => access === stale && isLoggedIn !== false
    const ask = () => plain.POST(REFRESH, stale?.refreshToken ? { body: { refreshToken: stale.refreshToken } } : {})
    refreshing ??= tabs
      .alone(async () => {
        if (!isWanted()) return
        // Asked twice: a reply that got lost is the same again, within REFRESH_GRACE.
        const { data, error, response } = await ask().catch(ask)
        // 400: there is no cookie. Any other refusal may be over soon, and ends nothing.
        if (!data && response.status !== 400 && response.status !== 401) throw await toApiError(response, error)
        if (isWanted()) become(data !== undefined, data)
      })
      .finally(() => {
        refreshing = null
      })
    return refreshing
  }

  /** One try. By token only what gives or takes the cookie of the refresh token sends cookies, or keeps one. */
  function sendOnce(request: Request, used: Access | null) {
    const headers = new Headers(request.headers)
    if (used) headers.set('authorization', `Bearer ${used.accessToken}`)
    const credentials = !isToken || request.credentials === 'include' ? 'include' : 'omit'
    return send(new Request(request.clone(), { headers, credentials }))
  }

  /** With a token that has not expired, and again after a refresh where it was refused all the same. */
  async function sendFresh(request: Request): Promise<Response> {
    const asker = people
    const own = () => (people === asker ? access : null)
    if (isToken && isLoggedIn !== false && !(access && Date.now() < access.expiresAt)) await refresh(access)
    const used = own()
    const reply = await sendOnce(request, used)
    if (reply.status !== 401 || !isOver(await toApiError(reply.clone()))) return reply
    if (!isToken) learn(false)
    if (used) await refresh(used)
    const fresh = used && own()
    return fresh ? sendOnce(request, fresh) : reply
  }

  /** Again after the time that the service asks for, where that does nothing twice; a refresh gives the same again. */
  const patiently = (sendOne: typeof sendFresh) => async (request: Request) => {
    const isRepeatable = request.method === 'GET' || request.url === base + REFRESH
    for (let i = 1; ; i++) {
      const reply = await sendOne(request)
      const isBusy = reply.status === 429 || reply.status === 503
      const waitMs = Number(reply.headers.get('retry-after') ?? Number.NaN) * 1000
      if (!isBusy || !isRepeatable || i === TRIES || !(waitMs <= LONGEST_WAIT_MS)) return reply
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
  }
  const sendPatiently = patiently(sendFresh)
  /** Calls of the service by their paths, typed by its contract: `const { data, error } = await api.GET('/api/users/me')`. */
  const api = createApi<paths>({ baseUrl: base, fetch: sendPatiently })
  /** The same by cookies alone, for what all tabs wait for. */
  const sendInTime = patiently((request) => send(request, { signal: AbortSignal.timeout(LONGEST_WAIT_MS) }))
  const plain = createApi<paths>({ baseUrl: base, fetch: sendInTime, credentials: 'include' })

  /** Who is logged in, and for how long; null: nobody. */
  async function session(): Promise<Session | null> {
    const ask = () => orThrow(api.GET('/api/auth/check-auth'))
    let state = await ask()
    // It refuses nobody: whether the login of a token is over, the refresh says.
    if (!state.authenticated && access) state = await refresh(access).then(ask)
    if (!isToken && isLoggedIn !== state.authenticated) learn(state.authenticated)
    return state.user && state.session ? { user: state.user, session: state.session } : null
  }

  return {
    api,
    session,
    /** As the global `fetch`, as the one who is logged in; `path` is one of the service. */
    fetch: (path: string, init?: RequestInit) => sendPatiently(new Request(base + path, init)),
    /** Throws INVALID_CREDENTIALS or TOO_MANY_ATTEMPTS. */
    login(credentials: Credentials): Promise<User> {
      const refreshIn = tabs.isBrowser ? ('cookie' as const) : ('body' as const)
      const body = { ...credentials, authType: transport, ...(isToken && { refreshIn }) }
      return tabs.alone(async () => {
        const reply = await orThrow(plain.POST('/api/auth/login', { body }))
        become(true, 'accessToken' in reply ? reply : undefined, true)
        return reply.user
      })
    },
    /** Ends this login in all tabs. Throws where the service could not store that: then it lives, and this can be repeated. */
    async logout() {
      const { error, response } = await api.POST('/api/auth/logout', { credentials: 'include' })
      const refusal = response.ok ? null : await toApiError(response, error)
      // Refused: it is over already, unless another tab has renewed it just now.
      if (refusal && (!isOver(refusal) || (await session()))) throw refusal
      become(false)
    },
    /** Gives the password again: this login is fresh. Throws INVALID_CREDENTIALS or TOO_MANY_ATTEMPTS. */
    reauthenticate: async (password: string) =>
      become(true, await orThrow(api.POST('/api/auth/reauthenticate', { body: { password }, credentials: 'include' }))),
    /** Every other login ends. Throws INVALID_CREDENTIALS, PASSWORD_TOO_COMMON or TOO_MANY_ATTEMPTS. */
    changePassword: async (passwords: Sent<paths['/api/users/me/password']['put']>) =>
      become(true, await orThrow(api.PUT('/api/users/me/password', { body: passwords, credentials: 'include' }))),
    /** Tells of each login and of its end, in this tab or another; gives what stops that. */
    onChange(listener: (isLoggedIn: boolean) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    /** Hears no more of other tabs. */
    close: () => tabs.close()
  }
}
