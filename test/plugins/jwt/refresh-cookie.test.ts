import type { FastifyInstance } from 'fastify'
import t from 'tap'
import type { Environment } from '../../../src/plugins/config/settings.ts'
import { ServiceUnavailable } from '../../../src/plugins/errors/errors.ts'
import { backends, build, PASSWORD, signUp } from '../../build.ts'

const LISTED = 'https://app.example.com'
const NEXT = 'another long password'
const credentials = { usernameOrEmail: 'ada', password: PASSWORD, authType: 'token' }
type Sent = { cookie?: string; authorization?: string; origin?: string }

/** What a browser does: it keeps the cookie that it is given, and no script sees it. */
function browserOf(app: FastifyInstance) {
  let cookie: string | undefined
  let accessToken = ''
  async function ask(method: 'POST' | 'PUT' | 'DELETE' | 'GET', url: string, payload?: object, headers: Sent = {}) {
    const isUnderPath = url.startsWith('/api/auth')
    const sent = { ...(cookie && isUnderPath && { cookie }), ...headers }
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
    logIn: (more: object = {}) => ask('POST', '/api/auth/login', { ...credentials, refreshIn: 'cookie', ...more }),
    refresh: (headers: Sent = {}) => ask('POST', '/api/auth/token-refresh', undefined, headers)
  }
}

async function open(app: FastifyInstance) {
  await signUp(app, 'ada')
  return browserOf(app)
}

for (const [environment, attributes] of [
  [{}, 'refresh=…; Max-Age=2592000; Path=/api/auth; HttpOnly; SameSite=Lax'],
  [{ COOKIE_SECURE: 'true' }, '__Secure-refresh=…; Max-Age=2592000; Path=/api/auth; HttpOnly; Secure; SameSite=Lax'],
  [
    { COOKIE_SECURE: 'true', COOKIE_SAME_SITE: 'none' },
    '__Secure-refresh=…; Max-Age=2592000; Path=/api/auth; HttpOnly; Secure; Partitioned; SameSite=None'
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
      .replace('Path=/api/auth', 'Path=/api/auth; Expires=Thu, 01 Jan 1970 00:00:00 GMT')
    t.equal(out.setCookie, cleared, 'a logout takes it away, with the same attributes')
  })
}

for (const backend of backends) {
  t.test(`a refresh without a body takes the cookie, on ${backend.name}`, { skip: backend.skip }, async (t) => {
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

  t.test(`a renewed login keeps to the cookie, on ${backend.name}`, { skip: backend.skip }, async (t) => {
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
  })
}

t.test('ASVS 3.5.1: no foreign page logs in with a cookie or refreshes with it', async (t) => {
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

t.test('where the token is comes from the login, and a body goes before the cookie', async (t) => {
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

t.test('without a body and without a cookie that counts the body is missing', async (t) => {
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

t.test('another login over the cookie ends the one that it was of, a logout of another leaves it', async (t) => {
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

t.test('a logout that was 503 takes the cookie away when it is repeated, and not before', async (t) => {
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
  t.match(await logOut(), { status: 204, setCookie: /refresh=; Max-Age=0/ })
})
