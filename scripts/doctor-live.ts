import { randomUUID } from 'node:crypto'
import { judgeCookie, originOf, parseCookie } from './doctor-browser.ts'
import { type Finding, type Place, pageHeaders } from './doctor-rules.ts'
import { examineStream } from './doctor-streams.ts'

export type Account = { user: string; password: string }
export type Told = { title: string; finding: Finding | null }
type Body = {
  status?: string
  code?: string
  detail?: string
  accessToken?: string
  sessions?: { current: boolean; ip: string }[]
}
export type Ask = (path: string, init?: RequestInit) => Promise<Response>

const TIMEOUT_MS = 10_000
/** An address from the range for documentation (RFC 5737). */
const FORGED = '203.0.113.7'
const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE']

const tell = (title: string, finding: Finding | false | null | undefined): Told => ({ title, finding: finding || null })
const bodyOf = (reply: Response) => reply.json().catch(() => ({})) as Promise<Body>

/** Calls the running service as the page would, and checks the replies by the rules of browsers. With an account, it logs in and out. */
export async function* examine(place: Place, account: Account | null): AsyncGenerator<Told> {
  const { page, api, hasCookies } = place
  // Keeps a path that the proxy removes. `--api` may end with /api.
  const base = api.href.replace(/(\/api)?\/?$/, '')
  const ask: Ask = (path, init = {}) =>
    fetch(`${base}${path}`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...init,
      headers: { ...pageHeaders(page, api), ...(init.headers as Record<string, string>) }
    })

  const fault = await findFault(ask)
  yield tell('The service answers at this address', fault)
  if (fault) return
  if (originOf(page) !== api.origin)
    yield tell('The service allows the preflight of the page', await judgePreflight(ask, page))

  const login = await ask('/api/auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': FORGED },
    body: JSON.stringify({
      usernameOrEmail: account?.user ?? `doctor-${randomUUID()}`,
      password: account?.password ?? randomUUID(),
      authType: hasCookies ? 'cookie' : 'token',
      remember: false
    })
  })
  yield tell('The page may log in', !login.ok && judgeRefusal(login, await bodyOf(login), account !== null))
  if (originOf(page) !== api.origin) yield tell('The page may read the reply', !isReadable(login, page) && UNREADABLE)
  if (api.protocol === 'https:')
    yield tell(
      'The service tells browsers to use only HTTPS',
      !login.headers.has('strict-transport-security') && NO_HSTS
    )
  if (account && login.ok) yield* examineLogin(ask, login, place)
}

const UNREADABLE = {
  setting: 'the proxy',
  text: 'Pages of this origin cannot read the reply, because Access-Control-Allow-Origin is missing, wrong, or sent twice. Let only the service send this header'
}
const NO_HSTS = {
  setting: 'HSTS',
  text: 'The reply has no Strict-Transport-Security header. The service sends it if COOKIE_SECURE=true and HSTS is not false, so a proxy may have removed it'
}
const BELIEVED = {
  setting: 'TRUST_PROXY',
  text: 'The service accepted a forged X-Forwarded-For header from the client. Let the proxy overwrite this header, and list only the proxy in TRUST_PROXY'
}

function isReadable({ headers }: Response, page: URL) {
  const isAllowed = headers.get('access-control-allow-origin') === originOf(page)
  return isAllowed && headers.get('access-control-allow-credentials') === 'true'
}

async function findFault(ask: Ask): Promise<Finding | null> {
  try {
    const reply = await ask('/api/auth')
    if (reply.ok && (await bodyOf(reply)).status === 'All set!') return null
    return { setting: '--api', text: `Another server answers GET /api/auth, with ${reply.status}` }
  } catch (error) {
    const { message, cause } = error as Error
    const reason = (cause as { code?: string } | undefined)?.code ?? message
    return { setting: '--api', text: `Nothing answers at this address (${reason}). Check HOST, PORT, and the proxy` }
  }
}

async function judgePreflight(ask: Ask, page: URL): Promise<Finding | false> {
  const fields = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type'
  }
  const reply = await ask('/api/auth/login', { method: 'OPTIONS', headers: fields })
  const allowed = (name: string) => (reply.headers.get(`access-control-allow-${name}`) ?? '').toLowerCase()
  const isAllowed =
    isReadable(reply, page) &&
    METHODS.every((method) => allowed('methods').includes(method.toLowerCase())) &&
    ['authorization', 'content-type'].every((field) => allowed('headers').includes(field))
  const text =
    'The running service does not allow this page to call it, so browsers will not send the call. Add the origin of the page to CORS_API_ORIGINS, restart the service, and make sure that no proxy answers OPTIONS requests'
  return !isAllowed && { setting: 'CORS_API_ORIGINS', text }
}

function judgeRefusal({ status }: Response, { code, detail }: Body, isReal: boolean) {
  if (code === 'INVALID_CREDENTIALS') return isReal && { setting: '--user', text: 'The username or password is wrong' }
  if (code === 'CROSS_ORIGIN_REQUEST') return { setting: 'CORS_API_ORIGINS', text: `${detail}` }
  if (status === 429 || status === 503) return { setting: '--live', text: `${detail}. Try again later` }
  return { setting: 'the proxy', text: `The login failed with ${status} ${code ?? 'from another server'}` }
}

/** Checks a session that was created for this purpose, and logs out of it. */
async function* examineLogin(ask: Ask, login: Response, { page, api, hasCookies }: Place): AsyncGenerator<Told> {
  const cookies = login.headers.getSetCookie().map(parseCookie)
  const { accessToken } = await bodyOf(login)
  const cookie = cookies.map(({ pair }) => pair).join('; ')
  const headers: Record<string, string> = hasCookies ? { cookie } : { authorization: `Bearer ${accessToken}` }
  let isOver = false
  try {
    const none = {
      setting: 'the proxy',
      text: 'The reply to the login has no Set-Cookie header. Something between the browser and the service removes it'
    }
    const fault = cookies.map((one) => judgeCookie(one, page, api)).find((found) => found !== null)
    if (hasCookies)
      yield tell('Browsers store the cookie from the login and send it back', cookies.length === 0 ? none : fault)
    const { sessions } = await bodyOf(await ask('/api/auth/sessions', { headers }))
    const ip = sessions?.find(({ current }) => current)?.ip
    yield tell(`Clients cannot choose their address; the service sees ${ip}`, ip === FORGED && BELIEVED)
    if (ip) yield* examineStream(ask, headers)
  } finally {
    isOver = (await ask('/api/auth/logout', { method: 'POST', headers }).catch(() => null))?.status === 204
  }
  const text = 'The doctor could not log out of its session. End it in the list of sessions'
  yield tell('The page may log out', !isOver && { setting: '--live', text })
}
