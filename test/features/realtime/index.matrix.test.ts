import t from 'tap'
import { backends, build, logIn, transportsOn } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { addressOf, notify, openStream } from './client.ts'

for (const backend of backends) {
  const options = { skip: backend.skip }

  for (const transport of transportsOn(backend)) {
    const on = `by ${transport.kind} on ${backend.name}`

    t.test(`a notification is listed, streamed, and marked as read, ${on}`, options, async (t) => {
      const app = await build(t, await backend.environment())
      const ada = await logIn(app, 'ada', transport)
      const list = async (query = '') => (await call(app, ada, `GET /api/notifications${query}`)).json()
      t.strictSame(await list(), { notifications: [], unread: 0, seq: 0 })

      const url = await addressOf(app)
      const stream = await openStream(url, ada.headers)
      t.equal(stream.status, 200)
      t.match(stream.headers, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
        'ratelimit-limit': /^\d+$/
      })
      t.notOk(stream.headers['transfer-encoding'], 'the end of the connection ends the reply')
      t.match(await stream.wait('ready'), { data: { seq: 0 } })
      await notify(app, ada.user.id, 'one', 'two')
      await stream.wait('message', 2)
      t.match(
        stream.text(),
        /^retry: 3000\n\nevent: ready\ndata: \{"seq":0\}\n\nid: 1\nevent: message\ndata: \{"type":"one","data":\{"of":"one"\},"createdAt":"20[^"]+Z"\}\n\nid: 2\n/
      )

      const found = await list()
      t.match(found, {
        unread: 2,
        seq: 2,
        notifications: [{ seq: 2, type: 'two', data: { of: 'two' }, readAt: null }, { seq: 1 }]
      })
      t.match(await list('?before=2&limit=1'), { unread: 2, seq: 2, notifications: [{ seq: 1 }] })
      t.equal((await call(app, ada, 'POST /api/notifications/read', { upTo: 1 })).statusCode, 204)
      t.match(await list(), { unread: 1, notifications: [{ readAt: null }, { readAt: /^20/ }] })

      await notify(app, ada.user.id, 'three')
      const later = await openStream(url, ada.headers, `?after=${found.seq}`)
      await later.wait('message')
      t.strictSame(later.seqs(), [3], 'the stream continues the list')
      const resumed = await openStream(url, { ...ada.headers, 'last-event-id': '1' }, '?after=3')
      await resumed.wait('message', 2)
      t.strictSame(resumed.seqs(), [2, 3], 'Last-Event-ID takes precedence')

      const logout = await call(app, ada, 'POST /api/auth/logout')
      t.equal(logout.statusCode, 204)
      for (const open of [stream, later, resumed]) t.equal(await open.ended(), 'SESSION_ENDED')
    })
  }
}
