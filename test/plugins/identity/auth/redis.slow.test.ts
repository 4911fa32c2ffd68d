import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { build, type LoggedIn, logIn, PASSWORD, transports } from '../../../build.ts'
import { startProxy } from '../../../proxy.ts'
import { noRedisProgram, startRedis } from '../../../redis.ts'
import { freshPostgresUri, waitUntil } from '../../../servers.ts'
import { call, renewedBy } from './calls.ts'

// The reply to a revocation is true on every replica, from that moment on.

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
      const DB_URI = await freshPostgresUri()
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
        // The limit has been lowered, and the session of this call is the least recently used one.
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
}
