import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { build, logIn, PASSWORD } from '../../build.ts'
import { cookie } from './transport.ts'

const LISTED = 'https://app.example.com'
const HOST = 'api.example.com'

/** What a request says of where it comes from, and whether it may act with a cookie. */
const table: [string, Record<string, string>, boolean][] = [
  ['no browser', {}, true],
  ['the listed origin', { origin: LISTED }, true],
  ['the listed origin, cross-site', { origin: LISTED, 'sec-fetch-site': 'cross-site' }, true],
  ['the listed origin, same-site', { origin: LISTED, 'sec-fetch-site': 'same-site' }, true],
  ['this host by https', { origin: `https://${HOST}` }, true],
  ['this host by http', { origin: `http://${HOST}` }, true],
  ['this host, same-origin', { origin: `https://${HOST}`, 'sec-fetch-site': 'same-origin' }, true],
  ['typed by the user', { 'sec-fetch-site': 'none' }, true],
  ['same-origin without Origin', { 'sec-fetch-site': 'same-origin' }, true],
  ['fetch metadata of the future', { 'sec-fetch-site': 'elsewhere' }, true],
  ['cross-site without Origin', { 'sec-fetch-site': 'cross-site' }, false],
  ['same-site without Origin', { 'sec-fetch-site': 'same-site' }, false],
  ['this host, cross-site', { origin: `https://${HOST}`, 'sec-fetch-site': 'cross-site' }, false],
  ['foreign, but same-origin it says', { origin: 'https://evil.test', 'sec-fetch-site': 'same-origin' }, false],
  ['foreign, but none it says', { origin: 'https://evil.test', 'sec-fetch-site': 'none' }, false],
  ['foreign', { origin: 'https://evil.test' }, false],
  ['another scheme', { origin: 'http://app.example.com' }, false],
  ['another port', { origin: `${LISTED}:8443` }, false],
  ['the default port written out', { origin: `${LISTED}:443` }, false],
  ['as prefix', { origin: `${LISTED}.evil.test` }, false],
  ['as suffix', { origin: 'https://evil-app.example.com' }, false],
  ['as infix', { origin: 'https://x.app.example.com.evil.test' }, false],
  ['a dot replaced by a letter', { origin: 'https://appxexample.com' }, false],
  ['a subdomain', { origin: 'https://x.app.example.com' }, false],
  ['the parent domain', { origin: 'https://example.com' }, false],
  ['upper case', { origin: 'https://APP.example.com' }, false],
  ['a trailing dot', { origin: `${LISTED}.` }, false],
  ['a trailing slash', { origin: `${LISTED}/` }, false],
  ['user info', { origin: 'https://app.example.com@evil.test' }, false],
  ['an underscore', { origin: 'https://app_example.com' }, false],
  ['a backtick', { origin: `${LISTED}\`.evil.test` }, false],
  ['braces', { origin: `${LISTED}{.evil.test` }, false],
  ['an escape', { origin: `${LISTED}%60.evil.test` }, false],
  ['null', { origin: 'null' }, false],
  ['empty', { origin: '' }, false],
  ['8 kB', { origin: `https://${'a'.repeat(8000)}.test` }, false],
  ['two of them', { origin: `${LISTED}, https://evil.test` }, false],
  ['this host with another port', { origin: `https://${HOST}:444` }, false],
  ['another scheme of this host', { origin: `ftp://${HOST}` }, false],
  ['this host as prefix', { origin: `https://${HOST}.evil.test` }, false]
]

const rows = async (app: FastifyInstance) => ({
  sessions: await app.db.select().from(app.tables.sessions),
  users: await app.db.select().from(app.tables.users),
  notes: await app.db.select().from(app.tables.notes)
})

t.test(
  'ASVS 3.5.1: an unsafe request with a cookie is refused before any handler where a foreign page sent it',
  async (t) => {
    const app = await build(t, { CORS_API_ORIGINS: LISTED })
    const { headers } = await logIn(app, 'ada', cookie)
    const before = await rows(app)
    for (const [what, from, isFine] of table) {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
        for (const url of ['/api/notes', '/api/auth/logout', '/api/auth/login', '/nowhere']) {
          // The body is refused by each handler's schema, so that what passes changes nothing either.
          if (isFine && url === '/api/auth/logout') continue
          const sent = { ...headers, ...from, host: HOST }
          const reply = await app.inject({ method, url, headers: sent, payload: { odd: true } })
          const about = `${method} ${url}: ${what}`
          if (isFine) t.not(reply.json().code, 'CROSS_ORIGIN_REQUEST', about)
          else t.equal(`${reply.statusCode} ${reply.json().code}`, '403 CROSS_ORIGIN_REQUEST', about)
        }
      }
      for (const method of ['GET', 'HEAD'] as const) {
        const sent = { ...headers, ...from, host: HOST }
        const reply = await app.inject({ method, url: '/api/auth/whoami', headers: sent })
        t.equal(reply.statusCode, 200, `a safe method is served: ${method} ${what}`)
      }
    }
    t.strictSame(await rows(app), before)
  }
)

t.test('any cookie counts, Authorization or none do not', async (t) => {
  const app = await build(t, { CORS_API_ORIGINS: LISTED })
  const foreign = { origin: 'https://evil.test', host: HOST }
  const call = { method: 'POST', url: '/api/auth/logout' } as const
  const other = await app.inject({ ...call, headers: { ...foreign, cookie: 'theme=dark' } })
  t.equal(`${other.statusCode} ${other.json().code}`, '403 CROSS_ORIGIN_REQUEST')
  const bearer = await app.inject({ ...call, headers: { ...foreign, cookie: 'theme=dark', authorization: 'Basic x' } })
  t.equal(`${bearer.statusCode} ${bearer.json().code}`, '401 UNAUTHENTICATED')
  const none = await app.inject({ ...call, headers: foreign })
  t.equal(`${none.statusCode} ${none.json().code}`, '401 UNAUTHENTICATED')
})

t.test(
  'ASVS 3.5.1: a cookie login is held to the rule without a cookie too, and a refused one changes nothing',
  async (t) => {
    const app = await build(t, { CORS_API_ORIGINS: LISTED })
    await logIn(app, 'ada', cookie)
    const payload = { usernameOrEmail: 'ada', password: PASSWORD, authType: 'cookie' }
    const before = await rows(app)
    for (const [what, from, isFine] of table) {
      // Those that pass would each cost a hash: a few are enough.
      if (isFine && 'sec-fetch-site' in from) continue
      const reply = await app.inject({
        method: 'POST',
        url: '/api/auth/login',
        headers: { ...from, host: HOST },
        payload
      })
      t.equal(reply.statusCode, isFine ? 200 : 403, what)
      if (isFine) continue
      t.equal(reply.json().code, 'CROSS_ORIGIN_REQUEST', what)
      t.equal(reply.headers['set-cookie'], undefined, what)
    }
    const after = await rows(app)
    t.equal(after.sessions.length, before.sessions.length + 4, 'one for each that passed')
  }
)

t.test(
  'ASVS 3.5.1: without a list only the own origin may act, and cookie-less token logins may come from anywhere',
  async (t) => {
    const app = await build(t)
    const { headers } = await logIn(app, 'ada', cookie)
    for (const [origin, status] of [
      [LISTED, 403],
      [`https://${HOST}`, 404]
    ] as const) {
      const sent = { ...headers, host: HOST, origin }
      t.equal((await app.inject({ method: 'POST', url: '/nowhere', headers: sent })).statusCode, status, origin)
    }
    if (!app.strategies.has('token')) return
    const payload = { usernameOrEmail: 'ada', password: PASSWORD, authType: 'token' }
    const reply = await app.inject({
      method: 'POST',
      url: '/api/auth/login',
      headers: { origin: LISTED, host: HOST },
      payload
    })
    t.equal(reply.statusCode, 200)
  }
)
