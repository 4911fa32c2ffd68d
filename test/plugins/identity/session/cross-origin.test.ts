import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { build, logIn, PASSWORD } from '../../../build.ts'
import { HOST, LISTED, origins } from '../../http/cookies/origins.ts'
import { cookie } from './transport.ts'

const rows = async (app: FastifyInstance) => ({
  sessions: await app.db.select().from(app.tables.sessions),
  users: await app.db.select().from(app.tables.users)
})

t.test('ASVS 3.5.1: a cookie login is checked even without a cookie, and a rejected one changes nothing', async (t) => {
  const app = await build(t, { CORS_API_ORIGINS: LISTED })
  await logIn(app, 'ada', cookie)
  const payload = { usernameOrEmail: 'ada', password: PASSWORD, authType: 'cookie' }
  const before = await rows(app)
  let passed = 0
  for (const [what, from, isFine] of origins) {
    // Each call that passes costs a hash, so a few are enough.
    if (isFine && 'sec-fetch-site' in from) continue
    const reply = await app.inject({
      method: 'POST',
      url: '/api/auth/login',
      headers: { host: HOST, ...from },
      payload
    })
    t.equal(reply.statusCode, isFine ? 200 : 403, what)
    if (isFine) {
      passed++
      continue
    }
    t.equal(reply.json().code, 'CROSS_ORIGIN_REQUEST', what)
    t.equal(reply.headers['set-cookie'], undefined, what)
  }
  const after = await rows(app)
  t.equal(after.sessions.length, before.sessions.length + passed, 'one for each that passed')
  t.ok(passed > 0)
})

t.test(
  'ASVS 3.5.1: without a list, only the origin of the service may act, and token logins without a cookie may come from anywhere',
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
