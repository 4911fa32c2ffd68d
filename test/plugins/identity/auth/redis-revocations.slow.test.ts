import t from 'tap'
import { build, logIn, PASSWORD, transports } from '../../../build.ts'
import { noRedisProgram, startRedis } from '../../../redis.ts'
import { waitUntil } from '../../../servers.ts'
import { call } from './calls.ts'

const NEXT = 'another long password'
const change = { currentPassword: PASSWORD, newPassword: NEXT }

for (const transport of transports) {
  t.test(
    `ASVS 7.4.1, 16.5.3: a logout by ${transport.kind} is 503 while Redis is down and can be repeated until it is 204`,
    { skip: noRedisProgram },
    async (t) => {
      const redis = await startRedis()
      const app = await build(t, { REDIS_URL: redis.url })
      const ada = await logIn(app, 'ada', transport)
      const logOut = () => app.inject({ method: 'POST', url: '/api/auth/logout', headers: ada.headers })

      await redis.stop()
      for (const time of ['first', 'second']) {
        const refused = await logOut()
        t.equal(refused.statusCode, 503, `${time} time`)
        t.equal(refused.json().code, 'SERVICE_UNAVAILABLE')
        t.notOk(refused.headers['set-cookie'], 'the cookie is untouched')
      }
      const whoami = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers: ada.headers })
      t.equal(whoami.statusCode, 401, 'all the same the login is dead')

      await redis.start()
      await waitUntil(() => app.circuitBreaker?.isUp() === true, 'Redis is back')
      t.equal((await logOut()).statusCode, 204)
      const again = await logOut()
      t.equal(again.statusCode, 401, 'it is done')
      t.match(again.json(), { code: transport.kind === 'cookie' ? 'SESSION_REVOKED' : 'TOKEN_REVOKED' })
    }
  )
}

for (const transport of transports) {
  t.test(
    `ASVS 7.4.1, 16.5.3: ending sessions by ${transport.kind} is 503 while Redis is down, and can be repeated until it is 204`,
    { skip: noRedisProgram },
    async (t) => {
      const redis = await startRedis()
      const app = await build(t, { REDIS_URL: redis.url })
      const ada = await logIn(app, 'ada', transport)
      const other = await transport.logIn(app, 'ada')
      const third = await transport.logIn(app, 'ada')
      const fourth = await transport.logIn(app, 'ada')
      const calls = [
        { login: ada, line: `DELETE /api/auth/sessions/${third.sid}` },
        { login: fourth, line: `DELETE /api/auth/sessions/${fourth.sid}` },
        { login: fourth, line: `DELETE /api/auth/sessions/${fourth.sid}` },
        { login: ada, line: 'DELETE /api/auth/sessions' }
      ]
      await redis.stop()
      for (const { login, line } of calls) {
        const reply = await call(app, login, line)
        t.equal(reply.statusCode, 503, line)
        t.ok(reply.headers['retry-after'])
      }
      // A revoked session may finish its own call, and nothing else.
      for (const login of [third, other]) {
        t.equal((await call(app, login, `DELETE /api/auth/sessions/${ada.sid}`)).statusCode, 401)
        t.equal((await call(app, login, 'DELETE /api/users/me')).statusCode, 401)
        t.equal((await call(app, login, 'GET /api/auth/whoami')).statusCode, 401)
      }
      t.equal((await call(app, third, 'DELETE /api/auth/sessions')).statusCode, 401)

      await redis.start()
      await waitUntil(() => app.circuitBreaker?.isUp() === true, 'Redis is back')
      t.equal((await call(app, ada, 'DELETE /api/auth/sessions')).statusCode, 204)
      t.equal((await call(app, ada, 'DELETE /api/auth/sessions')).statusCode, 401, 'it is done')
    }
  )
}

for (const transport of transports) {
  t.test(
    `ASVS 16.5.3: a password change by ${transport.kind} that cannot revoke sessions, because Redis is down, is 503 and changes nothing`,
    { skip: noRedisProgram },
    async (t) => {
      const redis = await startRedis()
      const app = await build(t, { REDIS_URL: redis.url })
      const ada = await logIn(app, 'ada', transport)
      const other = await transport.logIn(app, 'ada')
      const isAlive = async () => {
        for (const login of [ada, other]) t.equal((await call(app, login, 'GET /api/auth/whoami')).statusCode, 200)
      }
      for (const [stop, start] of [
        [() => redis.process.kill('SIGSTOP'), () => redis.process.kill('SIGCONT')],
        [() => redis.stop(), () => redis.start()]
      ] as const) {
        await stop()
        for (const reply of [
          await call(app, ada, 'PUT /api/users/me/password', change),
          await call(app, ada, 'POST /api/auth/reauthenticate', { password: PASSWORD })
        ]) {
          t.equal(reply.statusCode, 503)
          t.equal(reply.json().code, 'SERVICE_UNAVAILABLE')
          t.notOk(reply.headers['set-cookie'])
        }
        await isAlive()
        await start()
        await waitUntil(() => app.circuitBreaker?.isUp() === true, 'Redis is back')
        await isAlive()
      }
      await t.resolves(transport.logIn(app, 'ada'), 'with the old password')
      t.ok((await call(app, ada, 'PUT /api/users/me/password', change)).statusCode < 300)
    }
  )
}
