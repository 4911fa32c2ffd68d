import { randomUUID } from 'node:crypto'
import { judgeCookie, parseCookie } from './doctor-browser.ts'
import { type Finding, type Place, pageHeaders } from './doctor-rules.ts'

export type Account = { user: string; password: string }
type Told = { title: string; finding: Finding | null }

const TIMEOUT_MS = 10_000
/** An address that nobody has (RFC 5737). */
const FORGED = '203.0.113.7'
const BELIEVED = {
  setting: 'TRUST_PROXY',
  text: 'The service believed an X-Forwarded-For that the client had made up. Let the proxy overwrite it, and TRUST_PROXY name nobody else'
}
const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE']

/** Calls the running service as the page would, and judges its replies as a browser does. With an account it logs in and out. */
export async function* examine({ page, api }: Place, account: Account | null): AsyncGenerator<Told> {
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${api.origin}${path}`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...init,
      headers: { ...pageHeaders(page, api), ...(init.headers as Record<string, string>) }
    })
  const logIn = (usernameOrEmail: string, password: string) =>
    ask('/api/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': FORGED },
      body: JSON.stringify({ usernameOrEmail, password, authType: 'cookie', remember: false })
    })

  const first = await ask('/api/auth').catch((error: Error) => error)
  const isIt =
    first instanceof Response &&
    first.ok &&
    ((await first.json().catch(() => null)) as { status?: string } | null)?.status === 'All set!'
  const cause = first instanceof Error ? first.cause : undefined
  const said = first instanceof Response ? `it answers ${first.status}` : ((cause as Error)?.message ?? first.message)
  yield tell('The service answers there', !isIt && { setting: '--api', text: `GET /api/auth: ${said}` })
  if (!isIt) return

  const preflight = await ask('/api/auth/login', {
    method: 'OPTIONS',
    headers: { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' }
  })
  yield tell('It answers the preflight of the page', page.origin !== api.origin && judgePreflight(preflight, page))

  const login = await logIn(account?.user ?? `doctor-${randomUUID()}`, account?.password ?? randomUUID())
  const problem = login.ok ? null : ((await login.json().catch(() => ({}))) as { code?: string; detail?: string })
  yield tell('The page may log in', judgeLogin(login, problem, account !== null))
  yield tell(
    'It tells browsers to come by https alone (HSTS)',
    api.protocol === 'https:' &&
      !login.headers.has('strict-transport-security') && {
        setting: 'COOKIE_SECURE',
        text: 'There is no Strict-Transport-Security, which COOKIE_SECURE=true would send'
      }
  )
  if (!account || !login.ok) return

  const lines = login.headers.getSetCookie()
  const faults = lines.map((line) => judgeCookie(parseCookie(line), page, api)).filter((fault) => fault !== null)
  const none = { setting: 'the proxy', text: 'The login came without Set-Cookie. Something on the way takes it out' }
  yield tell('Browsers keep the cookie that it sends', faults[0] ?? (lines.length === 0 && none))

  const cookie = lines.map((line) => parseCookie(line).pair).join('; ')
  const listed = await ask('/api/auth/sessions', { headers: { cookie } })
  const { sessions = [] } = (await listed.json()) as { sessions?: { current: boolean; ip: string }[] }
  const ip = sessions.find(({ current }) => current)?.ip
  yield tell(`No client chooses its address: this one is ${ip}`, ip === FORGED && BELIEVED)
  const logout = await ask('/api/auth/logout', { method: 'POST', headers: { cookie } })
  const refused = `The logout answered ${logout.status}: the login that was made for this lives on`
  yield tell('And the page may log out', logout.status !== 204 && { setting: 'CORS_API_ORIGINS', text: refused })
}

function tell(title: string, finding: Finding | false | null): Told {
  return { title, finding: finding || null }
}

function judgePreflight({ headers }: Response, page: URL): Finding | false {
  const allowed = headers.get('access-control-allow-methods') ?? ''
  const fields = (headers.get('access-control-allow-headers') ?? '').toLowerCase()
  const isAllowed =
    headers.get('access-control-allow-origin') === page.origin &&
    headers.get('access-control-allow-credentials') === 'true' &&
    METHODS.every((method) => allowed.includes(method)) &&
    ['authorization', 'content-type'].every((field) => fields.includes(field))
  const text =
    'The running service does not let this page call it: browsers will not even send the call. Put its origin into CORS_API_ORIGINS of that service, and let no proxy answer OPTIONS'
  return !isAllowed && { setting: 'CORS_API_ORIGINS', text }
}

function judgeLogin(reply: Response, problem: { code?: string; detail?: string } | null, isReal: boolean) {
  if (reply.ok || (problem?.code === 'INVALID_CREDENTIALS' && !isReal)) return false
  if (problem?.code === 'CROSS_ORIGIN_REQUEST') return { setting: 'CORS_API_ORIGINS', text: `${problem.detail}` }
  if (problem?.code === 'INVALID_CREDENTIALS') return { setting: '--user', text: 'User name or password is wrong' }
  if (problem?.code) return { setting: '--api', text: `The login is refused: ${problem.code}, ${problem.detail}` }
  return { setting: 'the proxy', text: `The login is answered by something else than the service: ${reply.status}` }
}
