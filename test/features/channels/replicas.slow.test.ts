import t from 'tap'
import { build, logIn } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { migratedPostgresUri } from '../../servers.ts'
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
