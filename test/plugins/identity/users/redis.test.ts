import t from 'tap'
import { build, logIn, transports } from '../../../build.ts'
import { noRedisProgram, startRedis } from '../../../redis.ts'
import { waitUntil } from '../../../servers.ts'
import { call } from '../auth/calls.ts'

for (const transport of transports) {
  t.test(
    `a deletion by ${transport.kind} is 503 while Redis is down, and can be repeated until it is 204`,
    { skip: noRedisProgram },
    async (t) => {
      const redis = await startRedis()
      const app = await build(t, { REDIS_URL: redis.url })
      const ada = await logIn(app, 'ada', transport)
      const other = await transport.logIn(app, 'ada')
      await redis.stop()
      for (let i = 0; i < 2; i++) t.equal((await call(app, ada, 'DELETE /api/users/me')).statusCode, 503)
      t.equal((await call(app, other, 'GET /api/auth/whoami')).statusCode, 401, 'all the same it is gone')
      await redis.start()
      await waitUntil(() => app.circuitBreaker?.isUp() === true, 'Redis is back')
      t.equal((await call(app, ada, 'DELETE /api/users/me')).statusCode, 204)
      t.equal((await call(app, ada, 'DELETE /api/users/me')).statusCode, 401)
    }
  )
}
