import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { cookieName } from '../../../../src/plugins/http/cookies/cookie.ts'
import type { Environment } from '../../../../src/plugins/platform/config/settings.ts'
import { ServiceUnavailable } from '../../../../src/plugins/platform/errors/errors.ts'
import { build, buildWithLog, PASSWORD, signUp, someBackends } from '../../../build.ts'

const LISTED = 'https://app.example.com'
const NEXT = 'another long password'
const credentials = { usernameOrEmail: 'ada', password: PASSWORD, authType: 'token' }
type Sent = { cookie?: string; authorization?: string; origin?: string }

/** Acts like a browser: keeps the cookie, and hides it from scripts. */
function browserOf(app: FastifyInstance, usernameOrEmail: string) {
  let cookie: string | undefined
  let accessToken = ''
  async function ask(method: 'POST' | 'PUT' | 'DELETE' | 'GET', url: string, payload?: object, headers: Sent = {}) {
    const sent = { ...(cookie && { cookie }), ...headers }
    const reply = await app.inject({ method, url, headers: sent, ...(payload && { payload }) })
    const [set] = reply.cookies
    if (set) cookie = set.maxAge === 0 || set.value === '' ? undefined : `${set.name}=${encodeURIComponent(set.value)}`
    const body = reply.body === '' ? {} : reply.json()
    if (body.accessToken) accessToken = body.accessToken
    return { status: reply.statusCode, body, set, setCookie: `${reply.headers['set-cookie'] ?? ''}` }
  }
  return {
    ask,
    cookie: () => cookie,
    bearer: () => ({ authorization: `Bearer ${accessToken}` }),
    logIn: (more: object = {}) =>
      ask('POST', '/api/auth/login', { ...credentials, usernameOrEmail, refreshIn: 'cookie', ...more }),
    refresh: (headers: Sent = {}) => ask('POST', '/api/auth/token-refresh', undefined, headers)
  }
}

async function open(app: FastifyInstance, username = 'ada') {
  await signUp(app, username)
  return browserOf(app, username)
}

for (const [environment, attributes] of [
  [{}, 'refresh-3000=…; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax'],
  [{ COOKIE_SECURE: 'true' }, '__Host-refresh=…; Max-Age=2592000; Path=/; HttpOnly; Secure; SameSite=Lax'],
  [
    { COOKIE_SECURE: 'true', COOKIE_SAME_SITE: 'none' },
    '__Host-refresh=…; Max-Age=2592000; Path=/; HttpOnly; Secure; Partitioned; SameSite=None'
  ]
] as [Environment, string][]) {
  t.test(`ASVS 3.3.1, 3.3.2, 3.3.4: the refresh token is in a cookie: ${attributes}`, async (t) => {
    const app = await build(t, { COOKIE_SECURE: 'false', ...environment })
    const browser = await open(app)
    const { status, body, setCookie } = await browser.logIn()
    t.equal(status, 200)
    const members = ['accessToken', 'expiresIn', 'refreshExpiresIn', 'tokenType', 'user']
    t.same(Object.keys(body).sort(), members, 'and not in the reply')
    t.equal(setCookie.replace(/=[^;]+/, '=…'), attributes)
    t.equal((await browser.ask('GET', '/api/auth/whoami', undefined, browser.bearer())).body.kind, 'token')

    const forgotten = await browser.logIn({ remember: false })
    t.notMatch(forgotten.setCookie, /Max-Age|Expires/, 'without remember it ends with the browser')
    const out = await browser.ask('POST', '/api/auth/logout', undefined, browser.bearer())
    t.equal(out.status, 204)
    const cleared = attributes
      .replace('=…; Max-Age=2592000', '=; Max-Age=0')
      .replace('Path=/', 'Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT')
    t.equal(out.setCookie, cleared, 'a logout takes it away, with the same attributes')
  })
}

for (const backend of someBackends) {
  t.test(`a refresh without a body uses the cookie, on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const app = await build(t, { ...(await backend.environment()), REFRESH_GRACE: '0' })
    const browser = await open(app)
    await browser.logIn()
    const first = browser.cookie()
    const refreshed = await browser.refresh()
    t.equal(refreshed.status, 200)
    t.notMatch(refreshed.body, { refreshToken: String })
    t.not(browser.cookie(), first, 'it rotates')
    t.equal((await browser.ask('GET', '/api/users/me', undefined, browser.bearer())).status, 200)

    const stolen = await browser.refresh({ cookie: first })
    t.match(stolen, { status: 401, body: { code: 'REFRESH_TOKEN_REUSED' }, setCookie: '' })
    t.match(await browser.refresh(), { status: 401, body: { code: 'TOKEN_REVOKED' }, setCookie: '' })
  })

  t.test(
    `a renewed session keeps its refresh token in the cookie, on ${backend.name}`,
    { skip: backend.skip },
    async (t) => {
      const app = await build(t, await backend.environment())
      const browser = await open(app)
      await browser.logIn()
      const calls = [
        ['POST', '/api/auth/reauthenticate', { password: PASSWORD }],
        ['PUT', '/api/users/me/password', { currentPassword: PASSWORD, newPassword: NEXT }]
      ] as const
      for (const [method, url, body] of calls) {
        const before = browser.cookie()
        const renewed = await browser.ask(method, url, body, browser.bearer())
        t.equal(renewed.status, 200, url)
        t.notMatch(renewed.body, { refreshToken: String })
        t.not(browser.cookie(), before)
        t.match(await browser.refresh({ cookie: before ?? '' }), { status: 401, body: { code: 'TOKEN_REVOKED' } })
        t.equal((await browser.refresh()).status, 200, 'the next refresh works')
      }
    }
  )
}

t.test('ASVS 3.5.1: a foreign page can neither log in with a refresh cookie nor refresh with it', async (t) => {
  const app = await build(t, { CORS_API_ORIGINS: LISTED })
  const browser = await open(app)
  const payload = { ...credentials, refreshIn: 'cookie' }
  const foreign = { origin: 'https://evil.test' }
  const refused = { status: 403, body: { code: 'CROSS_ORIGIN_REQUEST' }, setCookie: '' }
  t.match(await browser.ask('POST', '/api/auth/login', payload, foreign), refused)
  t.equal((await browser.ask('POST', '/api/auth/login', payload, { origin: LISTED })).status, 200)
  const cookie = browser.cookie()
  t.match(await browser.refresh(foreign), refused)
  t.equal(browser.cookie(), cookie)
  t.equal((await browser.refresh({ origin: LISTED })).status, 200)
})

t.test('the login decides where the refresh token is, and a body takes precedence over the cookie', async (t) => {
  const app = await build(t, { REFRESH_GRACE: '0' })
  const browser = await open(app)
  const inBody = await browser.ask('POST', '/api/auth/login', credentials)
  t.equal(inBody.setCookie, '', 'a login that did not ask for it gets no cookie')
  t.equal((await browser.ask('POST', '/api/auth/login', { ...credentials, refreshIn: 'body' })).setCookie, '')
  await browser.logIn()
  const { refreshToken } = inBody.body
  const refreshed = await browser.ask('POST', '/api/auth/token-refresh', { refreshToken })
  t.match(refreshed, { status: 200, body: { refreshToken: String }, setCookie: '' })
  t.equal((await browser.refresh()).status, 200, 'the cookie is as good as before')
})

t.test('without a body and without a valid cookie, the error says that the body is missing', async (t) => {
  const app = await build(t)
  const browser = await open(app)
  t.match(await browser.refresh(), { status: 400, body: { code: 'VALIDATION_FAILED' } })
  await browser.logIn()
  const withBearer = await browser.refresh(browser.bearer())
  t.match(withBearer, { status: 400, body: { code: 'VALIDATION_FAILED' } }, 'a bearer token goes before cookies')
  t.equal((await browser.refresh({ authorization: 'Basic x' })).status, 200, 'another scheme does not')
  t.match(await browser.refresh({ cookie: `${browser.cookie()?.split('=')[0]}=made-up` }), {
    status: 401,
    body: { code: 'INVALID_TOKEN' }
  })
  const odd = await browser.ask('POST', '/api/auth/login', { ...credentials, refreshIn: 'script' })
  t.match(odd, { status: 400, body: { errors: [{ pointer: '/refreshIn' }] } })
})

t.test('a login that overwrites the cookie ends its session, and a logout of another session does not', async (t) => {
  const app = await build(t)
  const browser = await open(app)
  await browser.logIn()
  const first = browser.cookie() ?? ''
  const firstBearer = browser.bearer()
  await browser.logIn()
  t.match(await browser.refresh({ cookie: first }), { status: 401, body: { code: 'TOKEN_REVOKED' } })
  t.equal((await browser.ask('GET', '/api/auth/whoami', undefined, firstBearer)).status, 401)

  const other = await browser.ask('POST', '/api/auth/login', credentials)
  const authorization = `Bearer ${other.body.accessToken}`
  t.match(await browser.ask('POST', '/api/auth/logout', undefined, { authorization }), { status: 204, setCookie: '' })
  t.equal((await browser.refresh()).status, 200)
})

t.test('a logout that was 503 clears the cookie when it is repeated, and not before', async (t) => {
  const app = await build(t)
  let isDown = true
  const nothing = async () => async () => {}
  const add = async () => {
    if (isDown) throw new ServiceUnavailable()
  }
  app.revocations.onRevoked({ windowMs: async () => 0, prepare: nothing, add, begin: nothing })
  const browser = await open(app)
  await browser.logIn()
  const logOut = () => browser.ask('POST', '/api/auth/logout', undefined, browser.bearer())
  t.match(await logOut(), { status: 503, setCookie: '' })
  isDown = false
  t.match(await logOut(), { status: 204, setCookie: /__Host-refresh=; Max-Age=0/ })
})

/** The lines of Set-Cookie: which cookie of which path each one clears, and in which jar. */
function cleared(reply: { headers: Record<string, unknown> }) {
  const lines = [reply.headers['set-cookie'] ?? []].flat() as string[]
  return lines
    .map((line) => {
      const [, name, path] = /^([^=]+)=; Max-Age=0; Path=([^;]+); Expires=Thu, 01 Jan 1970/.exec(line) ?? []
      return `${name} ${path}${line.includes('; Partitioned') ? ' partitioned' : ''}`
    })
    .sort()
}

for (const [environment, jars] of [
  [{}, ['__Host-refresh /', '__Host-refresh / partitioned']],
  [{ COOKIE_SAME_SITE: 'none' }, ['__Host-refresh /', '__Host-refresh / partitioned']],
  [{ COOKIE_SECURE: 'false' }, ['refresh-3000 /']]
] as [Environment, string[]][]) {
  t.test(`two refresh cookies are both ignored and cleared: ${jars.join(', ')}`, async (t) => {
    const { app, lines } = await buildWithLog(t, environment)
    const browser = await open(app)
    await browser.logIn()
    const own = browser.cookie() ?? ''
    const eve = await open(app, 'eve')
    await eve.logIn()
    const url = '/api/auth/token-refresh'
    for (const cookie of [`${own}; ${eve.cookie()}`, `${eve.cookie()};${own}`, `${own}; ${own}`]) {
      const reply = await app.inject({ method: 'POST', url, headers: { cookie } })
      t.equal(`${reply.statusCode} ${reply.json().code}`, '401 INVALID_TOKEN')
      t.equal(reply.headers['www-authenticate'], 'Bearer error="invalid_token"')
      t.same(cleared(reply), jars)
    }
    t.match(
      lines.filter(({ event }) => event === 'authn_token_invalid'),
      [{ reason: 'two cookies' }, { reason: 'two cookies' }, { reason: 'two cookies' }]
    )
    const doubled = { cookie: `${own}; ${eve.cookie()}` }
    const beside = await app.inject({ method: 'POST', url, headers: { ...doubled, ...browser.bearer() } })
    t.equal(`${beside.statusCode} ${beside.json().code}`, '400 VALIDATION_FAILED')
    t.equal(beside.headers['set-cookie'], undefined, 'beside a bearer token neither is looked at')
    t.equal((await browser.refresh()).status, 200, 'each of them alone is as good as before')
    t.equal((await eve.refresh()).status, 200)

    const payload = { ...credentials, refreshIn: 'cookie' }
    const login = await app.inject({ method: 'POST', url: '/api/auth/login', payload, headers: doubled })
    t.equal(login.statusCode, 200, 'a login goes on all the same')
    t.equal(login.cookies.filter(({ value }) => value !== '').length, 1)
    t.equal((await eve.refresh()).status, 200, 'and ends nobody')
  })
}

for (const [environment, name] of [
  [{}, '__Secure-refresh'],
  [{ COOKIE_SECURE: 'false' }, 'refresh']
] as [Environment, string][]) {
  t.test(`a cookie of the former name is cleared, never read: ${name}`, async (t) => {
    const app = await build(t, environment)
    const eve = await open(app, 'eve')
    await eve.logIn()
    const planted = `${name}=${eve.cookie()?.split('=')[1]}`
    const browser = await open(app)
    await browser.logIn()
    const refresh = (cookie: string, headers: Sent = {}) =>
      app.inject({ method: 'POST', url: '/api/auth/token-refresh', headers: { cookie, ...headers } })

    const alone = await refresh(planted)
    t.equal(`${alone.statusCode} ${alone.json().code}`, '400 VALIDATION_FAILED')
    t.same(cleared(alone), [`${name} /api/auth`])
    const beside = await refresh(`${planted}; ${browser.cookie()}`)
    t.equal(beside.statusCode, 200, 'beside the own one it does nothing')
    t.same(
      cleared(beside).filter((line) => !line.startsWith('undefined')),
      [`${name} /api/auth`]
    )
    const authorization = `Bearer ${beside.json().accessToken}`
    const me = await app.inject({ method: 'GET', url: '/api/users/me', headers: { authorization, cookie: planted } })
    t.match(me.json(), { username: 'ada' })
    t.equal(me.headers['set-cookie'], undefined, 'a bearer request sets no cookie')
    t.equal((await eve.refresh()).status, 200)
  })
}

t.test('browsers send the refresh cookie with every call, but only refresh, login, and logout read it', async (t) => {
  const app = await build(t)
  const browser = await open(app)
  await browser.logIn()
  const rows = () => app.db.select().from(app.tables.sessions)
  const before = await rows()
  for (const [method, url] of [
    ['GET', '/api/auth/whoami'],
    ['GET', '/api/users/me'],
    ['GET', '/api/auth/sessions'],
    ['DELETE', '/api/auth/sessions'],
    ['POST', '/api/auth/logout'],
    ['DELETE', '/api/users/me']
  ] as const)
    t.match(await browser.ask(method, url), { status: 401, body: { code: 'UNAUTHENTICATED' }, setCookie: '' }, url)
  t.match(await browser.ask('GET', '/api/auth/check-auth'), { body: { authenticated: false }, setCookie: '' })
  const signUpBody = { username: 'bob', email: 'bob@example.com', name: 'Bob', password: PASSWORD }
  t.match(await browser.ask('POST', '/api/auth/signup', signUpBody), { status: 201, setCookie: '' })
  t.same(await rows(), before)

  for (const url of ['/api/auth/whoami', '/api/users/me', '/api/auth/sessions'])
    t.match(await browser.ask('GET', url, undefined, browser.bearer()), { status: 200, setCookie: '' }, url)
  const named = await browser.ask('DELETE', '/api/auth/sessions?keepCurrent=true', undefined, browser.bearer())
  t.match(named, { status: 204, setCookie: '' })
  const gone = await browser.ask('DELETE', '/api/users/me', undefined, browser.bearer())
  t.match(
    gone,
    { status: 204, setCookie: /^__Host-refresh=; Max-Age=0; Path=\/;/ },
    'its login has ended with the account'
  )
})

t.test('a refresh token in double quotes is accepted', async (t) => {
  const app = await build(t)
  const browser = await open(app)
  await browser.logIn()
  const [, value] = browser.cookie()?.split('=') ?? []
  const cookie = `${cookieName(app.config, 'refresh')}="${value}"`
  t.equal((await browser.refresh({ cookie })).status, 200)
})
