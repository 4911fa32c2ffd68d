import { randomUUID } from 'node:crypto'
import { judgeCookie, originOf, parseCookie } from './doctor-browser.ts'
import { type Finding, type Place, pageHeaders } from './doctor-rules.ts'

export type Account = { user: string; password: string }
type Told = { title: string; finding: Finding | null }
type Body = {
  status?: string
  code?: string
  detail?: string
  accessToken?: string
  sessions?: { current: boolean; ip: string }[]
}
type Ask = (path: string, init?: RequestInit) => Promise<Response>

const TIMEOUT_MS = 10_000
/** An address that nobody has (RFC 5737). */
const FORGED = '203.0.113.7'
const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE']

const tell = (title: string, finding: Finding | false | null | undefined): Told => ({ title, finding: finding || null })
const bodyOf = (reply: Response) => reply.json().catch(() => ({})) as Promise<Body>

/** Calls the running service as the page would, and judges its replies as a browser does. With an account it logs in and out. */
export async function* examine(place: Place, account: Account | null): AsyncGenerator<Told> {
  const { page, api, hasCookies } = place
  // Below a path that the proxy takes away, too; `--api` may end with /api, as clients have it.
  const base = api.href.replace(/(\/api)?\/?$/, '')
  const ask: Ask = (path, init = {}) =>
    fetch(`${base}${path}`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...init,
      headers: { ...pageHeaders(page, api), ...(init.headers as Record<string, string>) }
    })

  const fault = await findFault(ask)
  yield tell('The service answers there', fault)
  if (fault) return
  if (originOf(page) !== api.origin) yield tell('It answers the preflight of the page', await judgePreflight(ask, page))

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
    yield tell('It tells browsers to come by https alone', !login.headers.has('strict-transport-security') && NO_HSTS)
  if (account && login.ok) yield* examineLogin(ask, login, place)
}

const UNREADABLE = {
  setting: 'the proxy',
  text: 'The reply lets no page of this origin read it, or says so twice. Let the service alone send Access-Control-Allow-Origin'
}
const NO_HSTS = {
  setting: 'HSTS',
  text: 'There is no Strict-Transport-Security. The service sends it with COOKIE_SECURE=true unless HSTS=false; a proxy may take it out'
}
const BELIEVED = {
  setting: 'TRUST_PROXY',
  text: 'The service believed an X-Forwarded-For that the client had made up. Let the proxy overwrite it, and TRUST_PROXY name nobody else'
}

function isReadable({ headers }: Response, page: URL) {
  const isAllowed = headers.get('access-control-allow-origin') === originOf(page)
  return isAllowed && headers.get('access-control-allow-credentials') === 'true'
}

async function findFault(ask: Ask): Promise<Finding | null> {
  try {
    const reply = await ask('/api/auth')
    if (reply.ok && (await bodyOf(reply)).status === 'All set!') return null
    return { setting: '--api', text: `GET /api/auth is answered by something else: ${reply.status}` }
  } catch (error) {
    const { message, cause } = error as Error
    const reason = (cause as { code?: string } | undefined)?.code ?? message
    return { setting: '--api', text: `Nothing answers there (${reason}). Look at HOST, PORT and the proxy` }
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
    'The running service does not let this page call it: browsers will not even send the call. Put its origin into CORS_API_ORIGINS there, restart it, and let no proxy answer OPTIONS'
  return !isAllowed && { setting: 'CORS_API_ORIGINS', text }
}

function judgeRefusal({ status }: Response, { code, detail }: Body, isReal: boolean) {
  if (code === 'INVALID_CREDENTIALS') return isReal && { setting: '--user', text: 'User name or password is wrong' }
  if (code === 'CROSS_ORIGIN_REQUEST') return { setting: 'CORS_API_ORIGINS', text: `${detail}` }
  if (status === 429 || status === 503) return { setting: '--live', text: `${detail}. Try again later` }
  return { setting: 'the proxy', text: `The login was answered with ${status} ${code ?? 'by something else'}` }
}

/** Of a login that was made for this, and is ended again. */
async function* examineLogin(ask: Ask, login: Response, { page, api, hasCookies }: Place): AsyncGenerator<Told> {
  const cookies = login.headers.getSetCookie().map(parseCookie)
  const { accessToken } = await bodyOf(login)
  const cookie = cookies.map(({ pair }) => pair).join('; ')
  const headers: Record<string, string> = hasCookies ? { cookie } : { authorization: `Bearer ${accessToken}` }
  let isOver = false
  try {
    const none = { setting: 'the proxy', text: 'The login came without Set-Cookie. Something on the way takes it out' }
    const fault = cookies.map((one) => judgeCookie(one, page, api)).find((found) => found !== null)
    if (hasCookies)
      yield tell('Browsers store the cookie that it sends, and send it back', cookies.length === 0 ? none : fault)
    const { sessions } = await bodyOf(await ask('/api/auth/sessions', { headers }))
    const ip = sessions?.find(({ current }) => current)?.ip
    yield tell(`No client chooses its address; this one is ${ip} for the service`, ip === FORGED && BELIEVED)
  } finally {
    isOver = (await ask('/api/auth/logout', { method: 'POST', headers }).catch(() => null))?.status === 204
  }
  const text = 'The login that was made for this could not be ended. End it in the list of logins'
  yield tell('The page may log out', !isOver && { setting: '--live', text })
}
