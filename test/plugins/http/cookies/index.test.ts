import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { build, signUp } from '../../../build.ts'
import { answersIn, exchange, listen } from '../../platform/errors/raw.ts'
import { HOST, LISTED, origins } from './origins.ts'

const rows = (app: FastifyInstance) => app.db.select().from(app.tables.users)

t.test(
  'ASVS 3.5.1: an unsafe request with a cookie from a page of another origin is refused before any handler',
  async (t) => {
    const app = await build(t, { CORS_API_ORIGINS: LISTED })
    await signUp(app, 'ada')
    const before = await rows(app)
    for (const [what, from, isFine] of origins) {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
        for (const url of ['/api/probe', '/api/auth/logout', '/api/auth/login', '/nowhere']) {
          // Each route's schema refuses the body, so requests that pass the check change nothing.
          if (isFine && url === '/api/auth/logout') continue
          const sent = { cookie: 'theme=dark', host: HOST, ...from }
          const reply = await app.inject({ method, url, headers: sent, payload: { odd: true } })
          const about = `${method} ${url}: ${what}`
          if (isFine) t.not(reply.json().code, 'CROSS_ORIGIN_REQUEST', about)
          else t.equal(`${reply.statusCode} ${reply.json().code}`, '403 CROSS_ORIGIN_REQUEST', about)
        }
      }
      for (const method of ['GET', 'HEAD'] as const) {
        const sent = { cookie: 'theme=dark', host: HOST, ...from }
        const reply = await app.inject({ method, url: '/api/auth', headers: sent })
        t.equal(reply.statusCode, 200, `a safe method is served: ${method} ${what}`)
      }
    }
    t.strictSame(await rows(app), before)
  }
)

t.test('any cookie is checked, also with another scheme than Bearer, but not with a bearer token', async (t) => {
  const app = await build(t, { CORS_API_ORIGINS: LISTED })
  const foreign = { origin: 'https://evil.test', host: HOST }
  const call = { method: 'POST', url: '/api/auth/logout' } as const
  const other = await app.inject({ ...call, headers: { ...foreign, cookie: 'theme=dark' } })
  t.equal(`${other.statusCode} ${other.json().code}`, '403 CROSS_ORIGIN_REQUEST')
  const sent = { ...foreign, cookie: 'theme=dark' }
  const basic = await app.inject({ ...call, headers: { ...sent, authorization: 'Basic x' } })
  t.equal(`${basic.statusCode} ${basic.json().code}`, '403 CROSS_ORIGIN_REQUEST')
  const bearer = await app.inject({ ...call, headers: { ...sent, authorization: 'Bearer x' } })
  t.equal(bearer.statusCode, 401)
  const none = await app.inject({ ...call, headers: foreign })
  t.equal(`${none.statusCode} ${none.json().code}`, '401 UNAUTHENTICATED')
})

t.test("while cookies are not Secure, the service's own origin may use plain HTTP", async (t) => {
  const app = await build(t, { COOKIE_SECURE: 'false' })
  const send = async (origin: string, host: string) => {
    const headers = { cookie: 'theme=dark', origin, host }
    return (await app.inject({ method: 'POST', url: '/nowhere', headers })).statusCode
  }
  t.equal(await send('http://localhost:3000', 'localhost:3000'), 404)
  t.equal(await send('http://localhost', 'LOCALHOST:80'), 404)
  t.equal(await send('https://localhost', 'localhost:443'), 404)
  t.equal(await send('http://localhost:5173', 'localhost:3000'), 403)
  t.equal(await send('http://localhost:443', 'localhost'), 403)
})

t.test("without Host, no origin is the service's own", async (t) => {
  const port = await listen(await build(t))
  for (const origin of ['https://undefined', 'https://']) {
    const lines = ['POST /nowhere HTTP/1.0', `Origin: ${origin}`, 'Cookie: theme=dark', 'Content-Length: 0']
    const [answer] = answersIn(await exchange(port, `${lines.join('\r\n')}\r\n\r\n`))
    t.equal(answer?.status, 403, origin)
  }
})
