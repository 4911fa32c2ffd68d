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
  // The members are those whose note has the name of the channel as its title.
  let asked = 0
  for (const app of [here, there])
    app.defineChannel('club.:id', {
      durable: true,
      async join({ id }, { userId }) {
        asked += 1
        const notes = await app.db.select().from(app.tables.notes)
        return notes.some((note) => note.title === id && note.userId === userId)
      }
    })
  const [ada, ben] = [await logIn(here, 'ada'), await logIn(here, 'ben')]
  const notes = here.tables.notes
  const times = { createdAt: new Date(), updatedAt: new Date() }
  const rowOf = (userId: string) => ({ id: userId, userId, title: 'chess', text: '', isDone: false, ...times })
  await here.db.insert(notes).values([rowOf(ada.user.id), rowOf(ben.user.id)])

  const stays = await connect(await addressOf(there), ada.headers)
  const goes = await connect(await addressOf(there), ben.headers)
  for (const socket of [stays, goes]) t.equal(await socket.ask('sub', 'club.chess'), 'ok')
  const write = (type: string) => here.publish('club.chess', { type })
  await here.transaction({ steps: write('before') })
  // All of it may be read as one page.
  await here.transaction({
    steps: {
      left: (tx) => tx.delete(notes).where(eq(notes.userId, ben.user.id)).returning(),
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
