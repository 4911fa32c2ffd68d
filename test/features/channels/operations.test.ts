import { connect as connectTcp } from 'node:net'
import t from 'tap'
import { build, logIn } from '../../build.ts'
import { addressOf } from '../realtime/client.ts'
import { connect } from './client.ts'

const text = (data: unknown) => ({ type: 'text', data })

async function start(t: Parameters<typeof build>[0]) {
  const app = await build(t)
  app.defineChannel('open.:id', { durable: true, join: () => true, publish: (_params, _owner, message) => message })
  app.defineChannel('own.:user.news', { durable: true, join: ({ user }, { userId }) => user === userId })
  app.defineChannel('broken', {
    durable: true,
    join() {
      throw new Error('the database is down')
    }
  })
  const ada = await logIn(app, 'ada')
  const url = await addressOf(app)
  return { app, ada, url, socket: await connect(url, ada.headers) }
}

t.test('a channel that is forbidden looks like one that does not exist', async (t) => {
  const { app, ada, socket } = await start(t)
  for (const name of ['x', 'open', 'open.', 'open.1.2', 'open.ü', 'own.1.news', `user:${ada.user.id}`, 'constructor']) {
    t.equal(await socket.ask('sub', name), 'CHANNEL_NOT_FOUND', name)
    t.equal(await socket.ask('pub', name, text(1)), 'CHANNEL_NOT_FOUND', name)
  }
  const own = `own.${ada.user.id}.news`
  t.equal(await socket.ask('sub', own), 'ok')
  t.equal(await socket.ask('sub', own), 'ok', 'again')
  t.equal(await socket.ask('pub', own, text(1)), 'CHANNEL_NOT_FOUND', 'nobody may publish')
  await app.transaction({ steps: app.publish(own, { type: 'news', data: 1 }) })
  await socket.wait(own, 1)
  t.equal(await socket.ask('sub', 'broken'), 'INTERNAL_ERROR')
  t.equal(await socket.ask('unsub', 'x'), 'ok')
  t.throws(() => app.publish('nothing', { type: 'news' }), /No channels/)
  t.throws(() => app.defineChannel('open.:id', { durable: true, join: () => true }), /twice/)
  t.throws(() => app.defineChannel('a:b', { durable: true, join: () => true }), /pattern/)
})

t.test('a frame that is not valid is answered, and the socket stays open', async (t) => {
  const { socket } = await start(t)
  const sub = { op: 'sub', id: 1, channel: 'open.1' }
  const pub = { op: 'pub', id: 2, channel: 'open.1', type: 'text', data: 1 }
  const wrong: unknown[] = [
    '',
    'x',
    'null',
    '[]',
    '{"op":"sub","id":1,"channel":"open.1","__proto__":{}}',
    { ...sub, op: 'subscribe' },
    { ...sub, id: undefined },
    { ...sub, id: 1.5 },
    { ...sub, id: 'x'.repeat(65) },
    { ...sub, channel: 5 },
    { ...sub, other: 1 },
    ...[-1, 1.5, '1', null, 1e300].map((after) => ({ ...sub, after })),
    { ...pub, data: undefined },
    { ...pub, type: '' },
    { ...pub, type: ':members' },
    { ...pub, type: 'x'.repeat(65) },
    { ...pub, data: '\0' },
    { ...pub, data: 'x'.repeat(8192) },
    `{"op":"pub","id":2,"channel":"open.1","type":"text","data":"\\ud800"}`
  ]
  for (const frame of wrong) socket.send(frame)
  socket.ws.send(Buffer.from(JSON.stringify(sub)), { binary: true })
  t.equal(await socket.ask('sub', 'open.1'), 'ok')
  const errors = socket.of('error')
  t.equal(errors.length, wrong.length + 1)
  t.ok(errors.every(({ code }) => code === 'VALIDATION_FAILED'))
  t.strictSame(new Set(errors.map(({ id }) => id)), new Set([null, 1, 2]))
})

t.test('messages have limits: their size, how many a second, and how many channels', async (t) => {
  const { app, ada, url, socket } = await start(t)
  for (let i = 0; i < 32; i++) t.equal(await socket.ask('sub', `open.${i}`), 'ok')
  t.equal(await socket.ask('sub', 'open.32'), 'TOO_MANY_CHANNELS')
  t.equal(await socket.ask('unsub', 'open.0'), 'ok')
  t.equal(await socket.ask('sub', 'open.32'), 'ok')
  const codes = await Promise.all(Array.from({ length: 30 }, (_, i) => socket.ask('pub', 'open.1', text(i))))
  t.ok(codes.includes('ok') && codes.includes('RATE_LIMITED'))
  const accepted = codes.flatMap((code, i) => (code === 'ok' ? [i] : []))
  await socket.wait('open.1', accepted.length)
  t.strictSame(
    socket.of('msg').map(({ data }) => data),
    accepted,
    'in the order of the client'
  )
  t.equal(socket.isClosed(), false)
  for (let i = 0; i < 200; i++) socket.ws.ping()
  t.equal(await socket.closed(), 4429, 'pings count, too')

  const flooding = await connect(url, ada.headers)
  for (let i = 0; i < 300; i++) flooding.send({ op: 'unsub', id: i, channel: 'open.1' })
  t.equal(await flooding.closed(), 4429)
  const fragmented = await connect(url, ada.headers)
  for (const part of ['{"op":"sub","id":7,', '"channel":', '"open.1"}'])
    fragmented.ws.send(part, { fin: part.endsWith('}') })
  await fragmented.ask('unsub', 'open.2')
  t.strictSame(fragmented.answers[0], { op: 'ok', id: 7 })
  fragmented.ws.send('x'.repeat(10_000), { fin: false })
  fragmented.ws.send('x'.repeat(10_000), { fin: true })
  t.equal(await fragmented.closed(), 1009)
  const huge = await connect(url, ada.headers)
  huge.send('x'.repeat(16_385))
  t.equal(await huge.closed(), 1009)
  const invalid = await connect(url, ada.headers)
  invalid.ws.send(Buffer.from([0xff]), { binary: false })
  t.equal(await invalid.closed(), 1007)
  t.equal((await app.inject('/livez')).statusCode, 200)
})

t.test('a message that is not stored reaches the subscribers, and nobody later', async (t) => {
  const { app, ada, url, socket } = await start(t)
  app.defineChannel('typing.:id', { durable: false, join: () => true, publish: (_params, _owner, message) => message })
  t.equal(await socket.ask('sub', 'typing.1'), 'ok')
  t.equal(await socket.ask('pub', 'typing.1', text(1)), 'ok')
  await app.transaction({ steps: app.publish('typing.1', { type: 'server' }) })
  await t.rejects(
    app.transaction({
      steps: {
        ...app.publish('typing.1', { type: 'undone' }),
        fails() {
          throw new Error('rolled back')
        }
      }
    })
  )
  t.equal(await socket.ask('pub', 'typing.1', text('x'.repeat(8192))), 'VALIDATION_FAILED')
  const later = await connect(url, ada.headers)
  t.equal(await later.ask('sub', 'typing.1', { after: 0 }), 'ok')
  t.strictSame(later.of('msg'), [])
  t.strictSame(
    socket.of('msg').map(({ seq, type }) => [seq, type]),
    [
      [0, 'text'],
      [0, 'server']
    ]
  )
})

t.test('a client that leaves in the middle of anything leaves nothing behind', async (t) => {
  const { app, ada, url, socket } = await start(t)
  t.equal(await socket.ask('sub', 'open.1'), 'ok')
  socket.send({ op: 'pub', id: 1, channel: 'open.1', ...text(1) })
  socket.close()
  const { port } = new URL(url)
  const headers = Object.entries(ada.headers).map(([name, value]) => `${name}: ${value}\r\n`)
  for (const cut of [20, 60]) {
    const tcp = connectTcp(Number(port), '127.0.0.1')
    tcp.on('error', () => {})
    const handshake = `GET /api/realtime/socket HTTP/1.1\r\nHost: localhost\r\n${headers.join('')}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
    tcp.write(cut === 20 ? handshake.slice(0, cut) : handshake)
    tcp.destroySoon()
  }
  const { connections, fanOut } = app.realtime
  while (connections.count() > 0) await new Promise(setImmediate)
  t.equal(fanOut.readers('open.1').size, 0)
})

t.test('a number of another log, or one whose messages are gone, is reset to what is kept', async (t) => {
  const { app, socket } = await start(t)
  for (let i = 1; i <= 3; i++) await app.transaction({ steps: app.publish('open.1', { type: `${i}` }) })
  await app.db.delete(app.tables.messages)
  await app.db.update(app.tables.channels).set({ firstSeq: 4 })
  for (let i = 4; i <= 6; i++) await app.transaction({ steps: app.publish('open.1', { type: `${i}` }) })
  const begin = async (after: number) => {
    socket.answers.length = 0
    await socket.ask('sub', 'open.1', { after })
    await app.transaction({ steps: app.publish('open.1', { type: 'last' }) })
    const find = () => socket.of('msg').some(({ type }) => type === 'last')
    while (!find()) await new Promise(setImmediate)
    await socket.ask('unsub', 'open.1')
    const [, reset] = socket.answers
    t.equal(socket.answers[0]?.op, 'ok', 'the answer comes first')
    return { reset: reset?.op === 'reset' ? reset.seq : null, seqs: socket.seqs('open.1') }
  }
  t.strictSame(await begin(0), { reset: 3, seqs: [4, 5, 6, 7] }, 'some are gone')
  await app.db.delete(app.tables.messages)
  await app.db.update(app.tables.channels).set({ firstSeq: 8 })
  t.strictSame(await begin(7), { reset: null, seqs: [8] })
  t.strictSame(await begin(7000), { reset: 8, seqs: [9] }, 'ahead')
})
