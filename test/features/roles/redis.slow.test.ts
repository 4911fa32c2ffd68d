import t from 'tap'
import { build, logIn, transports } from '../../build.ts'
import { noRedisProgram, startRedis } from '../../redis.ts'
import { waitUntil } from '../../wait.ts'
import { act, logInAs, USERS, whoami } from './calls.ts'

for (const transport of transports) {
  t.test(
    `while Redis is down, a ban by ${transport.kind} holds at once, and is repeated until Redis knows`,
    {
      skip: noRedisProgram
    },
    async (t) => {
      const redis = await startRedis()
      const app = await build(t, { REDIS_URL: redis.url })
      const admin = await logInAs(app, 'admin', 'root', transport)
      const ada = await logIn(app, 'ada', transport)
      t.equal(await whoami(app, ada), '200')
      await redis.stop()
      const ban = () => act(app, admin, `PUT ${USERS}/${ada.user.id}/ban`)
      t.equal(await ban(), '503 SERVICE_UNAVAILABLE')
      t.match(await whoami(app, ada), '401', 'SQL has it')
      await t.rejects(transport.logIn(app, 'ada'), /403/)
      t.equal(await act(app, admin, `GET ${USERS}`), '200', 'roles need no Redis')

      await redis.start()
      await waitUntil(() => app.circuitBreaker?.isUp() === true, 'Redis is back')
      t.match(await whoami(app, ada), '401')
      t.equal(await ban(), '204')
    }
  )
}
