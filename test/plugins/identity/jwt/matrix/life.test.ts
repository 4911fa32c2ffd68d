import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { backends, build, logIn, PASSWORD } from '../../../../build.ts'
import { noRedisProgram, startRedis } from '../../../../servers.ts'
import { forge, sameBytes, takeApart } from '../forge.ts'
import { token } from '../transport.ts'
import { changed, checkReply, headed, KEY, keyring, targetsOf } from './target.ts'

const environmentOf = async (t: Test, backend: (typeof backends)[number]) => ({
  DB_URI: `file:${t.testdir()}/app.db`,
  ...(backend.name === 'SQLite and memory' ? {} : await backend.environment()),
  ...keyring
})

type Body = Record<string, string>

/** Each form with a valid signature gets a revoked error; others get one that reveals nothing about the session. */
async function checkEnded(t: Test, app: FastifyInstance, body: Body) {
  for (const target of targetsOf(app, body)) {
    const { alg, typ, kid } = target.parts.header
    const forms = [
      ...sameBytes(target.genuine),
      changed(target, { x: 1 }),
      headed(target, { x: 1 }),
      headed(target, { kid: undefined }),
      forge({ kid, typ, alg }, target.parts.claims, KEY)
    ]
    for (const form of [...forms, ...forms]) checkReply(t, await target.send(form), target.kind, 'TOKEN_REVOKED')
    const unsigned = forge(target.parts.header, target.parts.claims, 'another key')
    checkReply(t, await target.send(unsigned), `${target.kind}, unsigned`, 'INVALID_TOKEN')
    const expired = changed(target, { exp: 1 })
    checkReply(t, await target.send(expired), `${target.kind}, expired`, 'TOKEN_EXPIRED')
  }
}

async function checkAlive(t: Test, app: FastifyInstance, body: Body) {
  for (const target of targetsOf(app, body)) checkReply(t, await target.send(target.genuine), target.kind, null)
}

for (const backend of backends) {
  t.test(`the lifetime of tokens on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const environment = await environmentOf(t, backend)
    const app = await build(t, environment)
    const ended: Body[] = []
    const alive: Body[] = []

    /** Ends sessions and then checks all tokens. */
    async function check(t: Test, gone: Body[], living: Body[]) {
      for (const body of gone) await checkEnded(t, app, body)
      for (const body of living) await checkAlive(t, app, body)
      ended.push(...gone)
      alive.push(...living)
    }

    t.test('ASVS 7.4.1: ends with the logout', async (t) => {
      const ada = await logIn(app, 'ada', token)
      const other = await token.logIn(app, 'ada')
      // Was cached as valid before.
      await checkAlive(t, app, ada.body)
      const logout = await app.inject({ method: 'POST', url: '/api/auth/logout', headers: ada.headers })
      t.equal(logout.statusCode, 204)
      await check(t, [ada.body], [other.body])
    })

    t.test('ASVS 7.4.1: ends when another session revokes theirs', async (t) => {
      const bob = await logIn(app, 'bob', token)
      const other = await token.logIn(app, 'bob')
      const url = `/api/auth/sessions/${bob.sid}`
      t.equal((await app.inject({ method: 'DELETE', url, headers: other.headers })).statusCode, 204)
      await check(t, [bob.body], [other.body])
    })

    t.test('ASVS 7.4.3: ends with a password change, also in the session that made it', async (t) => {
      const eve = await logIn(app, 'eve', token)
      const other = await token.logIn(app, 'eve')
      const payload = { currentPassword: PASSWORD, newPassword: 'another long password' }
      const url = '/api/users/me/password'
      const change = await app.inject({ method: 'PUT', url, headers: eve.headers, payload })
      t.equal(change.statusCode, 200)
      await check(t, [eve.body, other.body], [change.json()])
    })

    t.test('ASVS 7.4.2: ends with the account', async (t) => {
      const kim = await logIn(app, 'kim', token)
      const other = await token.logIn(app, 'kim')
      const gone = await app.inject({ method: 'DELETE', url: '/api/users/me', headers: kim.headers })
      t.equal(gone.statusCode, 204)
      await check(t, [kim.body, other.body], [])
    })

    t.test('ASVS 7.4.1: is the same after a restart', async (t) => {
      const again = await build(t, environment)
      t.equal(ended.length, 6)
      for (const body of ended) await checkEnded(t, again, body)
      for (const body of alive) await checkAlive(t, again, body)
    })
  })
}

t.test(
  'ASVS 7.4.1, 16.5.3: revoked tokens are rejected in every form while Redis is down',
  { skip: noRedisProgram },
  async (t) => {
    const redis = await startRedis()
    const app = await build(t, { ...keyring, REDIS_URL: redis.url })
    const ada = await logIn(app, 'ada', token)
    const eve = await logIn(app, 'eve', token)
    const logout = await app.inject({ method: 'POST', url: '/api/auth/logout', headers: ada.headers })
    t.equal(logout.statusCode, 204)
    await redis.stop()
    await checkEnded(t, app, ada.body)
    await checkAlive(t, app, eve.body)
    t.equal(takeApart(eve.body['accessToken'] ?? '').claims['sid'], eve.sid)
  }
)
