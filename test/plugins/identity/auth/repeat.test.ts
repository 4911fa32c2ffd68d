import t from 'tap'
import { build, logIn, transports } from '../../../build.ts'
import { noRedisProgram, startRedis, waitUntil } from '../../../servers.ts'

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
