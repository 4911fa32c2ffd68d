import t from 'tap'
import { build, logIn } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { noRedis, redisUrl } from '../../redis.ts'
import { migratedPostgresUri } from '../../servers.ts'
import { addressOf, notify, openStream } from './client.ts'

const ways = [
  { name: 'without Redis', skip: false, redis: async () => ({}) },
  { name: 'with Redis', skip: noRedis, redis: async () => ({ REDIS_URL: await redisUrl() }) }
]

for (const { name, skip, redis } of ways)
  t.test(`a message and a logout reach the streams of another replica, ${name}`, { skip }, async (t) => {
    const environment = { DB_URI: await migratedPostgresUri(), ...(await redis()) }
    const [here, there] = [await build(t, environment), await build(t, environment)]
    const ada = await logIn(here, 'ada')
    const stream = await openStream(await addressOf(there), ada.headers)
    await stream.wait('ready')
    for (const count of [1, 2, 3]) {
      await notify(here, ada.user.id, `${count}`)
      await stream.wait('message', count)
    }
    t.strictSame(stream.seqs(), [1, 2, 3])

    t.equal((await call(here, ada, 'POST /api/auth/logout')).statusCode, 204)
    await notify(here, ada.user.id, 'secret')
    t.equal(await stream.ended(), 'SESSION_ENDED')
    t.strictSame(stream.seqs(), [1, 2, 3], 'and nothing that was written after it')
  })

t.test('two replicas use a ticket once', async (t) => {
  const environment = { DB_URI: await migratedPostgresUri() }
  const [here, there] = [await build(t, environment), await build(t, environment)]
  const ada = await logIn(here, 'ada')
  const { ticket } = (await call(here, ada, 'POST /api/realtime/tickets')).json()
  const opened = await Promise.all(
    [here, there].map(async (app) => openStream(await addressOf(app), {}, `?ticket=${ticket}`))
  )
  t.strictSame(opened.map(({ status }) => status).sort(), [200, 401])
})
