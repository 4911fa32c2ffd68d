import t from 'tap'
import { build, logIn } from '../../build.ts'
import { connect } from '../../features/channels/client.ts'
import { addressOf } from '../../features/realtime/client.ts'

t.test('everybody who is signed in writes in a room, under their own name', async (t) => {
  const app = await build(t)
  const [ada, ben] = [await logIn(app, 'ada'), await logIn(app, 'ben')]
  const url = await addressOf(app)
  const [here, there] = [await connect(url, ada.headers), await connect(url, ben.headers)]
  t.equal(await here.ask('sub', 'room.lobby'), 'ok')
  const say = (data: unknown, type = 'text') => there.ask('pub', 'room.lobby', { type, data })
  for (const wrong of [null, 'Hello', {}, { text: ' ' }, { text: 'x'.repeat(501) }, { text: 'Hello', from: 'ada' }])
    t.equal(await say(wrong), 'VALIDATION_FAILED', JSON.stringify(wrong))
  t.equal(await say({ text: 'Hello' }, 'other'), 'VALIDATION_FAILED')
  t.equal(await say({ text: 'Hello' }), 'ok')
  await here.wait('room.lobby', 1)
  t.strictSame(here.of('msg'), [
    { op: 'msg', channel: 'room.lobby', seq: 1, type: 'text', data: { text: 'Hello', from: 'ben' } }
  ])
})
