import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { build, databases, logIn, testEnvironment } from '../../build.ts'
import { startPostgres, waitUntil } from '../../servers.ts'
import { addressOf, notify, openStream } from './client.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

for (const database of databases)
  t.test(`a client misses nothing if its replica is killed amid messages, on ${database.name}`, async (t) => {
    const DB_URI = database.isPostgres ? await database.uri() : `file:${t.testdir()}/app.db`
    const first = await build(t, { DB_URI })
    const ada = await logIn(first, 'ada')
    if (!database.isPostgres) await first.close()
    const seqs: number[] = []
    for (let round = 1; round <= 3; round++) {
      const environment = JSON.stringify({ ...testEnvironment, DB_URI, LOG_LEVEL: 'silent' })
      const child = spawn(process.execPath, [join(import.meta.dirname, 'emitter.ts'), environment, ada.user.id], {
        stdio: ['pipe', 'pipe', 'inherit']
      })
      t.teardown(() => child.kill('SIGKILL'))
      const exited = once(child, 'exit')
      const [address] = await once(child.stdout, 'data')
      const stream = await openStream(`${address}`.trim(), { ...ada.headers, 'last-event-id': `${seqs.length}` })
      child.stdin.write('go')
      const enough = 10 + Math.floor(Math.random() * 50)
      await waitUntil(() => stream.seqs().length >= enough, `round ${round}: ${enough} messages`, 60_000)
      child.kill('SIGKILL')
      await exited
      await waitUntil(stream.isClosed, 'the stream is cut')
      seqs.push(...stream.seqs())
      t.strictSame(seqs, numbers(seqs.length), `round ${round}: every message once, in order`)
    }
    const last = database.isPostgres ? first : await build(t, { DB_URI })
    await notify(last, ada.user.id, 'last')
    const stream = await openStream(await addressOf(last), { ...ada.headers, 'last-event-id': `${seqs.length}` })
    await waitUntil(() => stream.of('message').at(-1)?.data['type'] === 'last', 'the last message')
    seqs.push(...stream.seqs())
    t.strictSame(seqs, numbers(seqs.length), 'those that were committed before the last kill are not lost')
  })

t.test('while PostgreSQL is stopped nothing flows and no stream is cut; then each continues', async (t) => {
  const postgres = await startPostgres()
  const app = await build(t, { DB_URI: await postgres.createDatabase() })
  const [ada, byToken] = [await logIn(app, 'ada'), await logIn(app, 'ben')]
  const url = await addressOf(app)
  const streams = [await openStream(url, ada.headers), await openStream(url, byToken.headers)]
  for (const stream of streams) await stream.wait('ready')
  await notify(app, ada.user.id, 'one')
  await streams[0]?.wait('message')
  await postgres.stop()
  await t.rejects(notify(app, ada.user.id, 'lost'))
  const refused = await openStream(url, ada.headers)
  t.match(refused, { status: 503, headers: { 'retry-after': /\d/ } })
  await sleep(2000)
  t.ok(streams.every((stream) => !stream.isClosed()))
  await postgres.start()
  await waitUntil(async () => (await app.inject({ method: 'GET', url: '/readyz' })).statusCode === 200, 'ready again')
  await notify(app, ada.user.id, 'two')
  await streams[0]?.wait('message', 2)
  t.strictSame(streams[0]?.seqs(), [1, 2])
})

t.test('clients that stop reading cost no memory, and lose nothing', async (t) => {
  const CLIENTS = 30
  const MESSAGES = 1500
  const app = await build(t, { STREAMS_PER_USER: '30' })
  const ada = await logIn(app, 'ada')
  const { port } = new URL(await addressOf(app))
  const accepted: Socket[] = []
  app.server.on('connection', (socket) => accepted.push(socket))
  const texts = Array.from({ length: CLIENTS }, () => '')
  const open = async (_: unknown, i: number) => {
    const socket = connect(Number(port), '127.0.0.1')
    socket.on('error', () => {})
    const headers = Object.entries(ada.headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`GET /api/realtime/stream HTTP/1.1\r\nHost: localhost\r\n${headers.join('')}\r\n`)
    await once(socket, 'readable')
    texts[i] += socket.read()
    return socket
  }
  const sockets: Socket[] = []
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
  })
  for (let i = 0; i < CLIENTS; i++) sockets.push(await open(null, i))
  await notify(app, ada.user.id, 'one')
  const data = 'x'.repeat(8000)
  for (let i = 2; i <= MESSAGES; i++) await app.transaction({ steps: app.notify(ada.user.id, { type: `${i}`, data }) })
  await sleep(500)
  t.equal(accepted.length, CLIENTS)
  // What waits for a client: at most one write, a page of 64 KiB, of 12 MB of messages.
  t.ok(accepted.every((socket) => socket.writableLength > 0 && socket.writableLength < 150_000))
  for (const i of [0, CLIENTS - 1]) {
    const socket = sockets[i] as Socket
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      texts[i] += chunk
    })
    socket.resume()
    await waitUntil(() => `${texts[i]}`.includes(`id: ${MESSAGES}\n`), 'the client has read all', 60_000)
    t.strictSame(
      [...`${texts[i]}`.matchAll(/id: (\d+)\n/g)].map(([, id]) => Number(id)),
      numbers(MESSAGES)
    )
  }
})
