import type { FastifyInstance } from 'fastify'
import t from 'tap'
import type { Session } from '../../../../src/plugins/identity/auth/tables.ts'
import { eq } from '../../../../src/plugins/platform/db/drizzle.ts'
import { backends, build, logIn } from '../../../build.ts'
import { waitUntil } from '../../../servers.ts'
import { forgetCached, lastSeenInRedis } from './redis.ts'
import { cookie } from './transport.ts'

const MINUTE = 60_000
const ago = (ms: number) => new Date(Date.now() - ms)

/** Moves the times of a session into the past. */
async function move(app: FastifyInstance, sid: string, changes: Partial<Session>) {
  const { sessions } = app.tables
  await app.db.update(sessions).set(changes).where(eq(sessions.id, sid))
  await forgetCached(app)
}

for (const backend of backends) {
  t.test(`the lifetime of a cookie session on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const app = await build(t, { ...(await backend.environment()), SESSION_TTL: '1h', LOGIN_MAX_AGE: '1d' })
    const whoami = (headers: Record<string, string>) => app.inject({ method: 'GET', url: '/api/auth/whoami', headers })
    const { sid, headers } = await logIn(app, 'ada', cookie)

    t.test('ASVS 7.3.1: ends after the idle timeout, with an error that says so', async (t) => {
      const idle = await cookie.logIn(app, 'ada')
      await move(app, idle.sid, { lastSeenAt: ago(60 * MINUTE), expiresAt: ago(1) })
      for (const url of ['/api/auth/whoami', '/api/users/me']) {
        const reply = await app.inject({ method: 'GET', url, headers: idle.headers })
        t.equal(reply.statusCode, 401)
        t.equal(reply.json().code, 'SESSION_EXPIRED')
        t.equal(reply.headers['www-authenticate'], 'Bearer')
        t.equal(reply.headers['set-cookie'], undefined)
      }
      t.equal((await whoami(idle.headers)).statusCode, 401, 'asking does not wake it')
    })

    t.test('ASVS 7.3.2: ends at its absolute end, however much it is used', async (t) => {
      const old = await cookie.logIn(app, 'ada')
      await move(app, old.sid, { absoluteExpiresAt: ago(1) })
      const reply = await whoami(old.headers)
      t.equal(reply.statusCode, 401)
      t.equal(reply.json().code, 'SESSION_EXPIRED')
    })

    t.test('slides when the session is used after a minute, but never beyond the absolute end', async (t) => {
      await move(app, sid, { lastSeenAt: ago(2 * MINUTE), expiresAt: ago(-5 * MINUTE) })
      const before = Date.now()
      t.equal((await whoami(headers)).statusCode, 200)
      await waitUntil(
        async () => ((await app.sessions.find(sid))?.lastSeenAt.getTime() ?? 0) >= before,
        'it was touched'
      )
      const touched = await app.sessions.find(sid)
      t.ok((touched?.expiresAt.getTime() ?? 0) >= before + 60 * MINUTE)

      const absoluteExpiresAt = ago(-10 * MINUTE)
      await move(app, sid, { lastSeenAt: ago(2 * MINUTE), expiresAt: ago(-5 * MINUTE), absoluteExpiresAt })
      t.equal((await whoami(headers)).statusCode, 200)
      const isCapped = async () => (await app.sessions.find(sid))?.expiresAt.getTime() === absoluteExpiresAt.getTime()
      await waitUntil(isCapped, 'it slid to the absolute end')
      t.ok(await isCapped())
    })

    t.test('is written once when due, wherever it is cached', async (t) => {
      const due = await cookie.logIn(app, 'ada')
      await move(app, due.sid, { lastSeenAt: ago(2 * MINUTE) })
      const { touch } = app.sessions
      let touches = 0
      app.sessions.touch = (...call) => {
        touches++
        return touch(...call)
      }
      t.teardown(() => Object.assign(app.sessions, { touch }))
      const before = Date.now()
      await whoami(due.headers)
      const isSeen = async () => {
        const login = await app.sessions.find(due.sid)
        const seenAt = (await lastSeenInRedis(app, due.sid)) ?? login?.lastSeenAt.getTime() ?? 0
        return seenAt >= before
      }
      await waitUntil(isSeen, 'it was touched')

      for (let i = 0; i < 3; i++) await whoami(due.headers)

      t.equal(touches, 1)
    })

    t.test('is not written if the session was used within the last minute', async (t) => {
      const fresh = await cookie.logIn(app, 'ada')
      await move(app, fresh.sid, { lastSeenAt: ago(MINUTE / 2) })
      const before = await app.sessions.find(fresh.sid)
      for (let i = 0; i < 3; i++) t.equal((await whoami(fresh.headers)).statusCode, 200)
      // No request awaits a touch, but the next login on the same connection comes after it.
      await cookie.logIn(app, 'ada')
      t.strictSame(await app.sessions.find(fresh.sid), before)
    })

    t.test('is written more than once a minute if the idle timeout is short', async (t) => {
      const short = await build(t, { SESSION_TTL: '100s' })
      const login = await logIn(short, 'ada', cookie)
      await move(short, login.sid, { lastSeenAt: ago(11_000) })
      const before = Date.now()
      await short.inject({ method: 'GET', url: '/api/auth/whoami', headers: login.headers })
      const isSeen = async () => ((await short.sessions.find(login.sid))?.lastSeenAt.getTime() ?? 0) >= before
      await waitUntil(isSeen, 'it was touched')
      t.ok(await isSeen())
    })

    t.test('may be written or not if the service closes meanwhile, and nothing fails', async (t) => {
      const closing = await build(t, await backend.environment())
      const login = await logIn(closing, 'ada', cookie)
      await move(closing, login.sid, { lastSeenAt: ago(2 * MINUTE) })
      const reply = await closing.inject({ method: 'GET', url: '/api/auth/whoami', headers: login.headers })
      await closing.close()
      // An unhandled rejection would fail this test.
      t.equal(reply.statusCode, 200)
    })

    t.test('is ignored next to a bearer token, valid or not, but not next to any other scheme', async (t) => {
      const login = await cookie.logIn(app, 'ada')
      for (const [authorization, code] of [
        ['Bearer x', 'INVALID_TOKEN'],
        ['Bearer', 'INVALID_TOKEN'],
        ['Basic x', undefined],
        ['', undefined]
      ] as const) {
        const reply = await whoami({ ...login.headers, authorization })
        t.equal(reply.statusCode, code ? 401 : 200, authorization)
        if (app.strategies.has('token')) t.equal(reply.json().code, code, authorization)
        t.equal(reply.headers['set-cookie'], undefined)
      }
    })
  })
}

t.test('a cookie with a forged signature is ignored', async (t) => {
  const app = await build(t)
  const { headers } = await logIn(app, 'ada', cookie)
  const [name, value = ''] = decodeURIComponent(headers['cookie'] ?? '').split('=', 2)
  const [id = '', signature = ''] = value.split('.')
  const swap = (text: string, i: number) => `${text.slice(0, i)}${text[i] === 'A' ? 'B' : 'A'}${text.slice(i + 1)}`
  const table = {
    'another id': `${swap(id, 0)}.${signature}`,
    'another signature': `${id}.${swap(signature, 0)}`,
    'the end of another signature': `${id}.${swap(signature, 40)}`,
    'no signature': id,
    'an empty signature': `${id}.`,
    'a cut signature': `${id}.${signature.slice(0, -4)}`,
    'no id': `.${signature}`,
    'text behind': `${value}x`,
    twice: `${value}.${signature}`
  }
  for (const [what, forged] of Object.entries(table)) {
    const forgedHeaders = { cookie: `${name}=${encodeURIComponent(forged)}` }
    const reply = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers: forgedHeaders })
    t.equal(reply.statusCode, 401, what)
    t.equal(reply.json().code, 'UNAUTHENTICATED', what)
    t.equal(reply.headers['set-cookie'], undefined)
  }
  t.equal((await app.inject({ method: 'GET', url: '/api/auth/whoami', headers })).statusCode, 200)
})
