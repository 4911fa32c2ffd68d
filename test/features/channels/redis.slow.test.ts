import t from 'tap'
import { build, logIn, transports } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { noRedis, noRedisProgram, redisUrl, startRedis } from '../../redis.ts'
import { migratedPostgresUri, waitUntil } from '../../servers.ts'
import { addressOf } from '../realtime/client.ts'
import { connect } from './client.ts'

type Server = Awaited<ReturnType<typeof startRedis>>
const outages: [name: string, begin: (redis: Server) => Promise<unknown>, end: (redis: Server) => Promise<unknown>][] =
  [
    ['stopped', (redis) => redis.stop(), (redis) => redis.start()],
    ['paused', async ({ process }) => process.kill('SIGSTOP'), async ({ process }) => process.kill('SIGCONT')]
  ]
for (const [name, begin, end] of outages)
  t.test(`while Redis is ${name}, messages and logouts reach every replica`, { skip: noRedisProgram }, async (t) => {
    const redis = await startRedis()
    const environment = { DB_URI: await migratedPostgresUri(), REDIS_URL: redis.url }
    const [here, there] = [await build(t, environment), await build(t, environment)]
    const ada = await logIn(here, 'ada')
    const other = await transports[0]?.logIn(here, 'ada')
    const [stays, goes] = [
      await connect(await addressOf(there), ada.headers),
      await connect(await addressOf(there), other?.headers)
    ]
    for (const socket of [stays, goes]) t.equal(await socket.ask('sub', 'room.1'), 'ok')
    await begin(redis)
    await here.transaction({ steps: here.publish('room.1', { type: 'one' }) })
    for (const socket of [stays, goes]) await socket.wait('room.1', 1)
    const logout = await call(here, { headers: other?.headers ?? {} }, 'POST /api/auth/logout')
    t.equal(logout.statusCode, 503, 'it is stored, but not complete')
    const at = performance.now()
    await here.transaction({ steps: here.publish('room.1', { type: 'two' }) })
    t.equal(await goes.closed(), 4401)
    t.ok(performance.now() - at < 2000, 'within a second, and what a busy machine adds')
    await stays.wait('room.1', 2)
    t.strictSame([stays.seqs('room.1'), goes.seqs('room.1')], [[1, 2], [1]])
    await end(redis)
    await waitUntil(() => [here, there].every((app) => app.circuitBreaker?.isUp()), 'Redis is back')
    await here.transaction({ steps: here.publish('room.1', { type: 'three' }) })
    await stays.wait('room.1', 3)
  })

t.test(
  'a message that is not stored reaches the subscribers of every replica by Redis',
  { skip: noRedis },
  async (t) => {
    const environment = { DB_URI: await migratedPostgresUri(), REDIS_URL: await redisUrl() }
    const [here, there] = [await build(t, environment), await build(t, environment)]
    const ada = await logIn(here, 'ada')
    for (const app of [here, there])
      app.defineChannel('typing.:id', {
        durable: false,
        join: () => true,
        publish: (_params, { userId }) => ({ type: 'typing', data: userId })
      })
    const sockets = [
      await connect(await addressOf(here), ada.headers),
      await connect(await addressOf(there), ada.headers)
    ]
    for (const socket of sockets) t.equal(await socket.ask('sub', 'typing.1'), 'ok')
    // A subscription of Redis takes a moment, and until then messages get lost.
    await waitUntil(async () => {
      await sockets[0]?.ask('pub', 'typing.1', { type: 'x', data: 0 })
      return sockets.every((socket) => socket.of('msg').length > 0)
    }, 'both have a message')
    for (const socket of sockets)
      t.strictSame(socket.of('msg')[0], {
        ...{ op: 'msg', channel: 'typing.1', seq: 0 },
        ...{ type: 'typing', data: ada.user.id }
      })
    t.strictSame(await here.db.select().from(here.tables.messages), [])
  }
)
