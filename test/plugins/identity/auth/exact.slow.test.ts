import { randomUUIDv7 } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import postgres from 'postgres'
import t from 'tap'
import { buildApp } from '../../../../src/app.ts'
import { readSettings } from '../../../../src/plugins/platform/config/settings.ts'
import { eq } from '../../../../src/plugins/platform/db/drizzle.ts'
import { build, type LoggedIn, logIn, PASSWORD, testEnvironment, transports } from '../../../build.ts'
import { startProxy } from '../../../proxy.ts'
import { migratedPostgresUri, noRedisProgram, startRedis, waitingForLock, waitUntil } from '../../../servers.ts'
import { call, renewedBy } from './calls.ts'

// Whatever a revoking call was answered, that is how it is: on every replica, and from that moment on.

const change = { currentPassword: PASSWORD, newPassword: 'another long password' }
const whoami = async (app: FastifyInstance, login: Pick<LoggedIn, 'headers'>) =>
  (await call(app, login, 'GET /api/auth/whoami')).statusCode
const isUp = (app: FastifyInstance) => waitUntil(() => app.circuitBreaker?.isUp() === true, 'Redis is trusted')

t.test(
  'ASVS 16.5.3: a login that would replace a live cookie is 503 while Redis is down, and the cookie stays valid',
  { skip: noRedisProgram },
  async (t) => {
    const cookie = transports.find(({ kind }) => kind === 'cookie')
    if (!cookie) return
    const redis = await startRedis()
    const app = await build(t, { REDIS_URL: redis.url })
    const ada = await logIn(app, 'ada', cookie)
    const credentials = { usernameOrEmail: 'ada', password: PASSWORD, authType: 'cookie' }
    await redis.stop()
    const refused = await call(app, ada, 'POST /api/auth/login', credentials)
    t.equal(refused.statusCode, 503)
    t.notOk(refused.headers['set-cookie'])
    t.equal(await whoami(app, ada), 200)
    t.equal((await app.sessions.listLive(ada.user.id, new Date())).length, 1, 'nothing was made')

    await redis.start()
    await isUp(app)
    t.equal((await call(app, ada, 'POST /api/auth/login', credentials)).statusCode, 200)
    t.equal(await whoami(app, ada), 401, 'now it is replaced')
  }
)

for (const transport of transports) {
  t.test(
    `ASVS 7.4.3, 16.5.3: a password change by ${transport.kind} takes effect on every replica, even if Redis is lost right after the commit`,
    { skip: noRedisProgram },
    async (t) => {
      const redis = await startRedis()
      const proxy = await startProxy(t, redis.port)
      const DB_URI = await migratedPostgresUri()
      const REDIS_PREFIX = 'exact:'
      const here = await build(t, { DB_URI, REDIS_PREFIX, REDIS_URL: `redis://127.0.0.1:${proxy.port}` })
      const there = await build(t, { DB_URI, REDIS_PREFIX, REDIS_URL: redis.url })
      const ada = await logIn(here, 'ada', transport)
      const other = await transport.logIn(here, 'ada')
      for (const login of [ada, other]) t.equal(await whoami(there, login), 200, 'Redis knows it')
      const { insert } = here.sessions
      here.sessions.insert = async (...given) => {
        const inserted = await insert(...given)
        proxy.shut()
        return inserted
      }

      const reply = await call(here, ada, 'PUT /api/users/me/password', change)
      t.ok(reply.statusCode < 300, `it answers ${reply.statusCode}`)
      for (const login of [ada, other]) {
        t.equal(await whoami(here, login), 401)
        t.equal(await whoami(there, login), 401, 'there too, where nobody could tell Redis')
      }
      t.equal((await renewedBy(there, transport, reply)).status, 200)
    }
  )

  t.test(
    `ASVS 7.4.1: each revoking call by ${transport.kind} that was 503 is 204 when it is repeated, in any order`,
    { skip: noRedisProgram },
    async (t) => {
      const redis = await startRedis()
      const app = await build(t, { REDIS_URL: redis.url })
      const ada = await logIn(app, 'ada', transport)
      const sessions = []
      for (const kind of [...transports, transport, transport, transport].slice(0, 4))
        sessions.push(await kind.logIn(app, 'ada'))
      const [first, second, third, fourth] = sessions as [LoggedIn, LoggedIn, LoggedIn, LoggedIn]
      const calls: [LoggedIn, string][] = [
        [first, 'POST /api/auth/logout'],
        [second, 'POST /api/auth/logout'],
        [third, `DELETE /api/auth/sessions/${third.sid}`],
        [ada, `DELETE /api/auth/sessions/${fourth.sid}`]
      ]
      await redis.stop()
      for (const [login, line] of calls) t.equal((await call(app, login, line)).statusCode, 503, line)
      await redis.start()
      await isUp(app)
      for (const [login, line] of calls) t.equal((await call(app, login, line)).statusCode, 204, line)
      const again = []
      for (const [login, line] of calls) again.push((await call(app, login, line)).statusCode)
      t.strictSame(again, [401, 401, 401, 404], 'each was acknowledged once')
    }
  )

  t.test(
    `ASVS 7.4.1: a call that revokes all sessions by ${transport.kind} can be repeated until it is 204, also above the limit`,
    { skip: noRedisProgram },
    async (t) => {
      for (const line of ['DELETE /api/auth/sessions', 'DELETE /api/users/me']) {
        const redis = await startRedis()
        const environment = { DB_URI: `file:${t.testdir()}/app.db`, REDIS_URL: redis.url }
        const before = await build(t, environment)
        const ada = await logIn(before, 'ada', transport)
        const others = []
        for (let i = 0; i < 4; i++) others.push(await transport.logIn(before, 'ada'))
        await before.close()
        // The limit was lowered since, and the login of the call is the one used longest ago.
        const app = await build(t, { ...environment, MAX_SESSIONS_PER_USER: '2' })
        await redis.stop()
        for (const time of ['first', 'second'])
          t.equal((await call(app, ada, line)).statusCode, 503, `${line}, ${time}`)
        await redis.start()
        await isUp(app)
        t.equal((await call(app, ada, line)).statusCode, 204, line)
        t.equal((await call(app, ada, line)).statusCode, 401, 'it is done')
        for (const login of [ada, ...others]) t.equal(await whoami(app, login), 401)
        t.equal((await app.users.list()).length, line.endsWith('me') ? 0 : 1)
        await app.close()
      }
    }
  )

  t.test(
    `ASVS 7.4.1: a session by ${transport.kind} that another session revoked gets no 204 for a call of its own`,
    { skip: noRedisProgram },
    async (t) => {
      const redis = await startRedis()
      const app = await build(t, { REDIS_URL: redis.url })
      const ada = await logIn(app, 'ada', transport)
      const other = await transport.logIn(app, 'ada')
      const keep = 'DELETE /api/auth/sessions?keepCurrent=true'
      await redis.stop()
      t.equal((await call(app, ada, keep)).statusCode, 503)
      await redis.start()
      await isUp(app)
      t.equal((await call(app, other, 'DELETE /api/auth/sessions')).statusCode, 401)
      t.equal((await call(app, ada, keep)).statusCode, 204)
      t.equal(await whoami(app, ada), 200)
      t.equal(await whoami(app, other), 401)
    }
  )

  t.test(
    `ASVS 7.4.1, 16.5.3: no revoked session by ${transport.kind} is accepted while Redis refuses writes`,
    { skip: noRedisProgram },
    async (t) => {
      const redis = await startRedis()
      const app = await build(t, { REDIS_URL: redis.url, MAX_SESSIONS_PER_USER: '1' })
      const ada = await logIn(app, 'ada', transport)
      t.equal(await whoami(app, ada), 200)
      await redis.admin.config('SET', 'maxmemory', '1')
      const next = await transport.logIn(app, 'ada')
      await waitUntil(
        () => app.circuitBreaker?.isUp() === false,
        'SQL answers instead of a Redis that misses a revocation',
        1500
      )
      t.equal(await whoami(app, ada), 401, 'it was one too many')
      t.equal(await whoami(app, next), 200)
      await redis.admin.config('SET', 'maxmemory', '0')
      await isUp(app)
      t.equal(await whoami(app, ada), 401)
    }
  )

  t.test(
    `ASVS 15.4.2: revoking all sessions includes one that another replica is renewing by ${transport.kind}`,
    async (t) => {
      const DB_URI = await migratedPostgresUri()
      const [here, there] = [await build(t, { DB_URI }), await build(t, { DB_URI })]
      const ada = await logIn(here, 'ada', transport)
      const other = await transport.logIn(here, 'ada')
      const sql = postgres(DB_URI, { max: 2, onnotice: () => {} })
      t.teardown(() => sql.end({ timeout: 1 }))
      const waiting = (count: number) =>
        waitUntil(async () => (await waitingForLock(sql)).length >= count, `${count} wait`)

      // The renewal is held up in the middle of its transaction, and the end of all logins comes behind it.
      const holder = await sql.reserve()
      await holder`begin`
      await holder`select 1 from sessions where id = ${ada.sid} for update`
      const renewal = call(here, ada, 'POST /api/auth/reauthenticate', { password: PASSWORD })
      await waiting(1)
      const end = call(there, other, 'DELETE /api/auth/sessions')
      await waiting(2)
      await holder`rollback`
      holder.release()

      t.ok((await renewal).statusCode < 300, 'it was renewed')
      t.equal((await end).statusCode, 204)
      t.equal((await here.sessions.listLive(ada.user.id, new Date())).length, 0)
    }
  )
}

t.test('ASVS 7.4.1: a logout holds after a restart with a shorter ACCESS_TOKEN_TTL', async (t) => {
  const DB_URI = `file:${t.testdir()}/app.db`
  const token = transports.find(({ kind }) => kind === 'token')
  if (!token) return
  const before = await build(t, { DB_URI, ACCESS_TOKEN_TTL: '30m' })
  const ada = await logIn(before, 'ada', token)
  await before.close()

  const short = await build(t, { DB_URI, ACCESS_TOKEN_TTL: '1s' })
  t.equal((await call(short, ada, 'POST /api/auth/logout')).statusCode, 204)
  // Long after the last token of today's settings has expired.
  const { sessions } = short.tables
  await short.db
    .update(sessions)
    .set({ revokedAt: new Date(Date.now() - 600_000) })
    .where(eq(sessions.id, ada.sid))
  await short.close()

  const after = await build(t, { DB_URI, ACCESS_TOKEN_TTL: '1s' })
  t.equal(await whoami(after, ada), 401)
})

t.test(
  'ASVS 7.4.1: startup does not wait for the first resync, and revoked sessions are refused meanwhile',
  async (t) => {
    const environment = { ...testEnvironment, DB_URI: `file:${t.testdir()}/app.db`, LOG_LEVEL: 'silent' }
    const before = await build(t, environment)
    const ada = await logIn(before, 'ada')
    const eve = await logIn(before, 'eve')
    t.equal((await call(before, eve, 'POST /api/auth/logout')).statusCode, 204)
    await before.close()

    const after = await buildApp(readSettings(environment))
    t.teardown(() => after.close())
    const { revokedSince } = after.sessions
    const read = Promise.withResolvers<void>()
    after.sessions.revokedSince = (...given) => read.promise.then(() => revokedSince(...given))
    await after.ready()
    for (const round of ['while they are read', 'when they were']) {
      t.equal(await whoami(after, ada), 200, round)
      t.equal(await whoami(after, eve), 401, round)
      read.resolve()
      await after.revocations.resyncRecent(new Date())
    }
  }
)

for (const transport of transports) {
  t.test(`ASVS 7.4.1: a resync finds thousands of revocations of the same moment, by ${transport.kind}`, async (t) => {
    // Only those of token logins are remembered.
    if (!transports.some(({ kind }) => kind === 'token')) return
    const app = await build(t)
    const ada = await logIn(app, 'ada', transport)
    const { sessions } = app.tables
    const template = await app.sessions.find(ada.sid)
    if (template === null) return t.fail('no login was made')
    const revoked = { kind: 'token' as const, secretHash: null, revokedAt: new Date(), revokedReason: 'all' as const }
    const rows = Array.from({ length: 5000 }, () => ({ ...template, ...revoked, id: randomUUIDv7() }))
    for (let i = 0; i < rows.length; i += 1000) await app.db.insert(sessions).values(rows.slice(i, i + 1000))
    await app.revocations.resyncRecent(new Date())
    t.equal(await app.revocations.size(), rows.length)
    t.equal(await whoami(app, ada), 200)
  })
}
