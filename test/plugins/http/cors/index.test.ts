import t from 'tap'
import { build, logIn, transports } from '../../../build.ts'
import { answersIn, exchange, listen } from '../../platform/errors/raw.ts'

const LISTED = 'https://app.example.com'
const ALLOWED =
  'Authorization, Content-Type, traceparent, tracestate, baggage, sentry-trace, x-requested-with, idempotency-key'
const EXPOSED = 'Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, WWW-Authenticate'
const hostile = [
  'http://app.example.com',
  'https://app.example.com:8443',
  'https://app.example.com:443',
  'https://app.example.com.evil.test',
  'https://evilapp.example.com',
  'https://evil.test/app.example.com',
  'https://app.example.com/',
  'https://appxexample.com',
  'https://sub.app.example.com',
  'https://APP.example.com',
  'HTTPS://app.example.com',
  'https://app.example.com.',
  'https://user@app.example.com',
  'https://app.example.com_.evil.test',
  'https://app.example.com`.evil.test',
  'https://app.example.com{.evil.test',
  'https://app.example.com%60.evil.test',
  'https://app.example.com,https://evil.test',
  'https://app.example.com https://evil.test',
  'null',
  'file://',
  '',
  '*',
  `https://${'x'.repeat(8000)}.example.com`
]
const buildListed = (t: Parameters<typeof build>[0], more = {}) => build(t, { CORS_API_ORIGINS: LISTED, ...more })
const allowHeaders = (headers: Record<string, unknown>) =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'))

t.test('ASVS 3.4.2: a listed origin can read replies with credentials', async (t) => {
  const app = await buildListed(t)
  const reply = await app.inject({ method: 'GET', url: '/api/auth', headers: { origin: LISTED } })
  t.equal(reply.statusCode, 200)
  t.match(reply.headers, {
    vary: /\bOrigin\b/,
    'access-control-allow-origin': LISTED,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': EXPOSED
  })
})

t.test(
  'ASVS 3.4.2: preflights of a listed origin are answered on all paths, for our methods and headers only',
  async (t) => {
    const app = await buildListed(t)
    for (const url of ['/api/probe/some-id', '/nowhere', '/api/auth/login']) {
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'BREW']) {
        const headers = {
          origin: LISTED,
          'access-control-request-method': method,
          'access-control-request-headers': 'authorization, content-type, x-foreign'
        }
        const reply = await app.inject({ method: 'OPTIONS', url, headers })
        t.equal(reply.statusCode, 204, `${method} ${url}`)
        t.match(reply.headers, {
          vary: /\bOrigin\b/,
          'access-control-allow-origin': LISTED,
          'access-control-allow-credentials': 'true',
          'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
          'access-control-allow-headers': ALLOWED,
          'access-control-max-age': '600',
          'x-content-type-options': 'nosniff'
        })
        t.equal(reply.body, '')
      }
    }
  }
)

for (const origin of hostile) {
  t.test(
    `ASVS 3.4.2: the origin ${origin.slice(0, 60) || '(empty)'} gets no allow header, and the reply varies on it`,
    async (t) => {
      const app = await buildListed(t)
      const preflight = { origin, 'access-control-request-method': 'DELETE' }
      for (const url of ['/api/auth', '/nowhere', '/api/users/me']) {
        const plain = await app.inject({ method: 'GET', url, headers: { origin } })
        const asked = await app.inject({ method: 'OPTIONS', url, headers: preflight })
        for (const reply of [plain, asked]) {
          t.same(allowHeaders(reply.headers), [], url)
          t.match(reply.headers['vary'], /\bOrigin\b/)
        }
        t.equal(plain.statusCode, { '/api/auth': 200, '/nowhere': 404 }[url] ?? 401)
      }
    }
  )
}

t.test('ASVS 3.4.2: only a listed origin can read failures', async (t) => {
  const app = await buildListed(t, { RATE_LIMIT_MAX: '6' })
  const rows: [url: string, status: number][] = [
    ['/api/users/me', 401],
    ['/nowhere', 404],
    ['/%zz', 400],
    [`/api/probe/${'x'.repeat(101)}`, 414],
    ['/api/auth/login', 405],
    ['/api/auth', 429]
  ]
  for (const [url, status] of rows) {
    const reply = await app.inject({ method: 'GET', url, headers: { origin: LISTED } })
    t.equal(reply.statusCode, status, url)
    const { headers } = reply
    t.match(headers, { 'access-control-allow-origin': LISTED, 'access-control-allow-credentials': 'true' })
    t.match(headers, { 'access-control-expose-headers': EXPOSED, vary: /\bOrigin\b/ })
    const other = await app.inject({ method: 'GET', url, headers: { origin: 'https://evil.test' } })
    t.same(allowHeaders(other.headers), [])
    t.match(other.headers['vary'], /\bOrigin\b/)
  }
})

t.test('a reply to a request without an Origin also varies on it', async (t) => {
  const app = await buildListed(t)
  for (const url of ['/api/auth', '/nowhere', '/%zz']) {
    const reply = await app.inject({ method: 'GET', url })
    t.match(reply.headers['vary'], /\bOrigin\b/, url)
    t.same(allowHeaders(reply.headers), [])
  }
})

t.test('two Origin headers do not count as a listed one', async (t) => {
  const port = await listen(await buildListed(t))
  const lines = [
    'GET /api/auth HTTP/1.1',
    'Host: x',
    'Connection: close',
    `Origin: ${LISTED}`,
    'Origin: https://evil.test'
  ]
  const [answer] = answersIn(await exchange(port, [...lines, '', ''].join('\r\n')))
  t.equal(answer?.status, 200)
  t.notMatch(answer?.head, 'access-control')
})

t.test('without CORS_API_ORIGINS, no reply has an allow header or varies on Origin', async (t) => {
  const app = await build(t)
  const headers = { origin: LISTED, 'access-control-request-method': 'GET' }
  for (const url of ['/api/auth', '/nowhere', '/%zz']) {
    const get = await app.inject({ method: 'GET', url, headers: { origin: LISTED } })
    const preflight = await app.inject({ method: 'OPTIONS', url, headers })
    for (const reply of [get, preflight]) {
      t.same(allowHeaders(reply.headers), [], url)
      t.notMatch(`${reply.headers['vary']}`, /origin/i)
    }
  }
})

const apps = [
  'capacitor://localhost',
  'ionic://localhost',
  'tauri://localhost',
  'app://localhost',
  'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
  'moz-extension://2c1ff34f-5bd1-4bd4-8c55-3cd4a3d4a2ee'
]
for (const transport of transports) {
  t.test(`ASVS 3.4.2: only a listed app can read replies and act with a session by ${transport.kind}`, async (t) => {
    const app = await build(t, { CORS_API_ORIGINS: [LISTED, ...apps].join(',') })
    const ada = await logIn(app, 'ada', transport)
    const others = ['capacitor://localhost:8100', 'capacitor://localhost.evil.test', 'app://other', 'tauri://local']
    for (const origin of [...apps, ...others]) {
      const isListed = apps.includes(origin)
      const asked = await app.inject({
        method: 'OPTIONS',
        url: '/api/users/me',
        headers: { origin, 'access-control-request-method': 'PATCH' }
      })
      const acted = await app.inject({
        method: 'PATCH',
        url: '/api/users/me',
        headers: { ...ada.headers, origin, 'sec-fetch-site': 'cross-site' },
        payload: { name: `Ada of ${origin}` }
      })
      t.equal(asked.statusCode, 204, origin)
      for (const reply of [asked, acted])
        t.equal(reply.headers['access-control-allow-origin'], isListed ? origin : undefined, origin)
      t.equal(acted.statusCode, isListed || transport.kind === 'token' ? 200 : 403, origin)
    }
  })
}

t.test('CORS_ALLOWED_HEADERS adds request headers that a listed page may send', async (t) => {
  const app = await buildListed(t, { CORS_ALLOWED_HEADERS: 'x-tenant, X-Client-Version' })
  const headers = { origin: LISTED, 'access-control-request-method': 'POST' }
  const reply = await app.inject({ method: 'OPTIONS', url: '/api/auth/login', headers })
  t.equal(reply.statusCode, 204)
  t.equal(reply.headers['access-control-allow-headers'], `${ALLOWED}, x-tenant, X-Client-Version`)
})

t.test('an OPTIONS with an empty Access-Control-Request-Method is not a preflight', async (t) => {
  for (const CORS_API_ORIGINS of ['', LISTED]) {
    const app = await build(t, { CORS_API_ORIGINS })
    for (const origin of [LISTED, 'https://evil.test']) {
      const headers = { origin, 'access-control-request-method': '' }
      const known = await app.inject({ method: 'OPTIONS', url: '/api/probe', headers })
      t.equal(known.statusCode, 204, `${origin}, listed: ${CORS_API_ORIGINS}`)
      t.equal(known.headers['allow'], 'GET, HEAD, POST, OPTIONS')
      t.equal(known.headers['access-control-allow-methods'], undefined)
      const unknown = await app.inject({ method: 'OPTIONS', url: '/nowhere', headers })
      t.match(unknown.json(), { status: 404, code: 'NOT_FOUND' })
      t.match(unknown.headers['content-type'], /^application\/problem\+json/)
    }
  }
})
