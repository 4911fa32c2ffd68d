import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { eq } from '../../../src/plugins/platform/db/drizzle.ts'
import { build, logIn } from '../../build.ts'
import { migratedPostgresUri } from '../../servers.ts'
import { addressOf } from '../realtime/client.ts'
import { connect } from './client.ts'

t.test('who leaves a channel gets nothing that is written later, on any replica', async (t) => {
  const environment = { DB_URI: await migratedPostgresUri() }
  const [here, there] = [await build(t, environment), await build(t, environment)]
  // The members are those whose name is that of the channel.
  let asked = 0
  for (const app of [here, there])
    app.defineChannel('club.:id', {
      durable: true,
      async join({ id }, { userId }) {
        asked += 1
        return (await app.users.find(userId))?.name === id
      }
    })
  const [ada, ben] = [await logIn(here, 'ada'), await logIn(here, 'ben')]
  const { users } = here.tables
  await here.db.update(users).set({ name: 'chess' })

  const stays = await connect(await addressOf(there), ada.headers)
  const goes = await connect(await addressOf(there), ben.headers)
  for (const socket of [stays, goes]) t.equal(await socket.ask('sub', 'club.chess'), 'ok')
  const write = (type: string) => here.publish('club.chess', { type })
  await here.transaction({ steps: write('before') })
  // All of it may be read as one page.
  await here.transaction({
    steps: {
      left: (tx) => tx.update(users).set({ name: 'gone' }).where(eq(users.id, ben.user.id)).returning(),
      ...here.changeMembers('club.chess'),
      ...write('after')
    }
  })
  await stays.wait('club.chess', 2)
  t.strictSame(stays.seqs('club.chess'), [1, 3], 'the change itself is not for clients')
  while (goes.of('error').length === 0) await sleep(10)
  t.strictSame(goes.of('error'), [{ op: 'error', id: 0, code: 'CHANNEL_NOT_FOUND' }])
  t.strictSame(goes.seqs('club.chess'), [1])
  t.equal(await goes.ask('sub', 'club.chess', { after: 1 }), 'CHANNEL_NOT_FOUND')
  const before = asked
  t.equal(await stays.ask('unsub', 'club.chess'), 'ok')
  t.equal(await stays.ask('sub', 'club.chess', { after: 0 }), 'ok')
  await stays.wait('club.chess', 4)
  t.equal(asked, before + 1, 'older changes are settled')
})
