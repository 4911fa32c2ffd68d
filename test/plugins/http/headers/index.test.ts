import t from 'tap'
import { build, logIn } from '../../../build.ts'

const EVERYWHERE = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY'
}
const HSTS = 'max-age=31536000; includeSubDomains'

t.test(
  'ASVS 3.2.1, 3.4.3, 3.4.4, 3.4.5, 3.4.6, 14.3.2, 3.5.8, 13.4.6: every reply carries the security headers, whatever its status',
  async (t) => {
    const app = await build(t, { RATE_LIMIT_MAX: '12' })
    const { headers } = await logIn(app, 'ada')
    const rows: [method: 'GET' | 'POST' | 'OPTIONS' | 'DELETE', url: string, status: number][] = [
      ['GET', '/livez', 200],
      ['GET', '/readyz', 200],
      ['GET', '/api/users/me', 200],
      ['GET', '/api/probe/x', 404],
      ['GET', '/nowhere', 404],
      ['DELETE', '/api/auth', 405],
      ['OPTIONS', '/api/auth', 204],
      ['GET', '/%zz', 400],
      ['POST', '/api/auth/login', 400],
      ['POST', '/api/auth/logout', 204],
      ['GET', '/api/users/me', 401],
      ['GET', '/api/auth', 200],
      ['GET', '/api/auth', 429]
    ]
    for (const [method, url, status] of rows) {
      const reply = await app.inject({ method, url, headers })
      t.equal(reply.statusCode, status, `${method} ${url}`)
      t.match(reply.headers, { ...EVERYWHERE, 'strict-transport-security': HSTS })
      for (const name of ['server', 'x-powered-by', 'location', 'etag']) t.equal(reply.headers[name], undefined)
    }
  }
)

const hstsCases: [environment: Record<string, string>, header: string | undefined][] = [
  [{}, HSTS],
  [{ HSTS: 'includeSubDomains' }, HSTS],
  [{ HSTS: 'true' }, 'max-age=31536000'],
  [{ HSTS: 'false' }, undefined],
  [{ COOKIE_SECURE: 'false' }, undefined],
  [{ COOKIE_SECURE: 'false', HSTS: 'true' }, undefined]
]
t.test('ASVS 3.4.1: HSTS is only sent if browsers use HTTPS, and follows its setting', async (t) => {
  for (const [environment, header] of hstsCases) {
    const app = await build(t, environment)
    for (const url of ['/livez', '/%zz', '/nowhere']) {
      const { headers } = await app.inject({ method: 'GET', url })
      t.match(headers, EVERYWHERE)
      t.equal(headers['strict-transport-security'], header, `${url} with ${JSON.stringify(environment)}`)
    }
  }
})

t.test('ASVS 4.1.1: replies are JSON in UTF-8', async (t) => {
  const app = await build(t)
  for (const url of ['/api/auth', '/livez', '/api/auth/check-auth']) {
    const { headers } = await app.inject({ method: 'GET', url })
    t.equal(headers['content-type'], 'application/json; charset=utf-8', url)
  }
})

t.test('ASVS 3.7.2: no request leads to a redirect or a script', async (t) => {
  const app = await build(t)
  for (const name of ['callback', 'jsonp', 'next', 'returnTo', 'redirect_uri']) {
    const reply = await app.inject({ method: 'GET', url: `/api/auth?${name}=https://evil.example` })
    t.equal(reply.statusCode, 200)
    t.same(reply.json(), { status: 'All set!' })
    t.equal(reply.headers['location'], undefined)
  }
})

t.test('ASVS 4.1.2: HTTP is not redirected to HTTPS, whatever a proxy header says', async (t) => {
  const app = await build(t)
  const reply = await app.inject({ method: 'GET', url: '/api/auth', headers: { 'x-forwarded-proto': 'http' } })
  t.equal(reply.statusCode, 200)
})
