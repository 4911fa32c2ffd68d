import t from 'tap'
import { build, logIn } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { noRedis, redisUrl } from '../../redis.ts'
import { migratedPostgresUri, waitUntil } from '../../servers.ts'
import { addressOf } from '../realtime/client.ts'
import { connect } from './client.ts'

t.test('a logout on one replica closes the socket on another, also one that listens to nothing', async (t) => {
  const environment = { DB_URI: await migratedPostgresUri() }
  const [here, there] = [await build(t, environment), await build(t, environment)]
  const ada = await logIn(here, 'ada')
  const url = await addressOf(there)
  const { ticket } = (await call(here, ada, 'POST /api/realtime/tickets')).json()
  const tries = [here, there].map(async (app) => connect(await addressOf(app), {}, `?ticket=${ticket}`))
  const twice = await Promise.all(tries)
  t.strictSame(twice.map(({ refusal }) => refusal?.body.code ?? 'open').sort(), ['TICKET_INVALID', 'open'])
  const [silent, listening] = [await connect(url, ada.headers), await connect(url, ada.headers)]
  t.equal(await listening.ask('sub', 'room.1'), 'ok')
  await here.transaction({ steps: here.publish('room.1', { type: 'one' }) })
  await listening.wait('room.1', 1)

  t.equal((await call(here, ada, 'POST /api/auth/logout')).statusCode, 204)
  await here.transaction({ steps: here.publish('room.1', { type: 'secret' }) })
  for (const socket of [silent, listening]) t.equal(await socket.closed(), 4401)
  t.strictSame(listening.seqs('room.1'), [1], 'and nothing that was written after it')
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
