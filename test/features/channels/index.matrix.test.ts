import t from 'tap'
import { backends, build, logIn, transportsOn } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { addressOf } from '../realtime/client.ts'
import { connect } from './client.ts'

for (const backend of backends) {
  for (const transport of transportsOn(backend))
    t.test(
      `two users write in a channel, by ${transport.kind} on ${backend.name}`,
      { skip: backend.skip },
      async (t) => {
        const app = await build(t, await backend.environment())
        app.defineChannel('chat.:id', {
          durable: true,
          join: () => true,
          publish: (_params, _owner, message) => message
        })
        const [ada, ben] = [await logIn(app, 'ada', transport), await logIn(app, 'ben', transport)]
        const url = await addressOf(app)
        const [here, there] = [await connect(url, ada.headers), await connect(url, ben.headers)]
        t.equal(here.refusal, null)
        t.equal(await here.ask('sub', 'chat.1'), 'ok')
        t.equal(await there.ask('sub', 'chat.1', { after: 0 }), 'ok')
        t.equal(await here.ask('pub', 'chat.1', { type: 'text', data: { text: 'one' } }), 'ok')
        t.equal(await there.ask('pub', 'chat.1', { type: 'text', data: null }), 'ok')
        await app.transaction({ steps: app.publish('chat.1', { type: 'news', data: [1] }) })
        for (const socket of [here, there]) {
          await socket.wait('chat.1', 3)
          t.strictSame(socket.of('msg'), [
            { op: 'msg', channel: 'chat.1', seq: 1, type: 'text', data: { text: 'one' } },
            { op: 'msg', channel: 'chat.1', seq: 2, type: 'text', data: null },
            { op: 'msg', channel: 'chat.1', seq: 3, type: 'news', data: [1] }
          ])
        }

        t.equal(await here.ask('unsub', 'chat.1'), 'ok')
        t.equal(await there.ask('pub', 'chat.1', { type: 'text', data: 4 }), 'ok')
        await there.wait('chat.1', 4)
        t.strictSame(here.seqs('chat.1'), [1, 2, 3])
        t.equal(await here.ask('sub', 'chat.1', { after: 2 }), 'ok')
        await here.wait('chat.1', 5)
        t.strictSame(here.seqs('chat.1').slice(3), [3, 4], 'it continues after a number')

        t.equal((await call(app, ada, 'POST /api/auth/logout')).statusCode, 204)
        t.equal(await here.closed(), 4401)
        t.equal(await there.ask('pub', 'chat.1', { type: 'text', data: 5 }), 'ok')
        await app.close()
        t.equal(await there.closed(), 1012)
      }
    )
}
