import t from 'tap'
import { WebSocket } from 'ws'
import { build, logIn, transports } from '../build.ts'
import { connect } from '../features/channels/client.ts'
import { addressOf } from '../features/realtime/client.ts'
import { call } from '../plugins/identity/auth/calls.ts'
import { freshFolder, logInBy, settled, signUpBy, startListening } from '../process.ts'
import { redisIfAvailable } from '../redis.ts'
import { migratedPostgresUri, waitUntil } from '../servers.ts'
import { createClient } from './client.ts'
import { HOST, noNginx, startNginx } from './nginx.ts'

t.test('nginx passes a WebSocket on, keeps it open, and logs no ticket', { skip: noNginx }, async (t) => {
  const app = await build(t, { STREAM_HEARTBEAT: '1s', TRUST_PROXY: '127.0.0.1' })
  const ada = await logIn(app, 'ada')
  const { port } = new URL(await addressOf(app))
  const proxy = await startNginx(t, [Number(port)])
  const { ticket } = (await call(app, ada, 'POST /api/realtime/tickets')).json()
  const options = { ca: proxy.ca, servername: HOST, headers: { host: HOST }, origin: `https://${HOST}` }
  const open = () => new WebSocket(`wss://127.0.0.1:${proxy.port}/api/realtime/socket?ticket=${ticket}`, options)
  const socket = open()
  const texts: string[] = []
  let pings = 0
  let code: number | null = null
  socket
    .on('message', (data) => void texts.push(`${data}`))
    .on('ping', () => {
      pings += 1
    })
  socket.on('close', (reason) => {
    code = reason
  })
  await waitUntil(() => socket.readyState === WebSocket.OPEN, 'the socket is open')
  socket.send('{"op":"sub","id":1,"channel":"room.1"}')
  socket.send('{"op":"pub","id":2,"channel":"room.1","type":"text","data":{"text":"Hello"}}')
  await waitUntil(() => texts.some((text) => text.includes('"text":"Hello"')), 'the message')
  await waitUntil(() => pings > 1, 'pings')

  const refused = open()
  const status = await new Promise((resolve) => {
    refused.on('unexpected-response', (_request, reply) => resolve(reply.statusCode)).on('error', () => {})
  })
  t.equal(status, 401, 'the ticket is spent')
  await app.close()
  await waitUntil(() => code !== null, 'the end')
  t.equal(code, 1012)
  t.notMatch(proxy.output(), ticket)
  t.notMatch(JSON.stringify(proxy.log()), ticket)
})

const ROOM = 'room.1'
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1)
type Socket = Awaited<ReturnType<typeof connect>>
type Headers = Record<string, string>
/** What a writer writes, and what a socket has read of it. */
const textsBy = (writer: string) => numbers(8).map((number) => `${number} by ${writer}`)
const textsOf = (socket: Socket, writer: string) =>
  socket
    .of('msg')
    .map(({ data }) => (data as { text: string }).text)
    .filter((text) => text.endsWith(` by ${writer}`))

t.test(
  'behind nginx, sockets of three replicas share a channel, end with their session, and continue elsewhere',
  { skip: noNginx, timeout: 60_000 },
  async (t) => {
    const folder = freshFolder(t)
    const environment = {
      ...settled,
      DB_URI: await migratedPostgresUri(),
      ...(await redisIfAvailable()),
      TRUST_PROXY: '127.0.0.1',
      COOKIE_SECURE: 'true',
      SHUTDOWN_DELAY: '1s'
    }
    const replicas = await Promise.all([1, 2, 3].map(() => startListening(t, folder, environment)))
    const [first] = replicas
    if (!first) return
    const ports = replicas.map(({ port }) => port)
    const proxy = await startNginx(t, ports)
    const [url, tls] = [`https://127.0.0.1:${proxy.port}`, { ca: proxy.ca, servername: HOST }]
    const open = (headers: Headers) => connect(url, { host: HOST, ...headers }, '', `https://${HOST}`, tls)
    /** How many sockets each replica has opened. */
    const opened = () => replicas.map(({ output }) => output().split('"status":101').length - 1)
    const enter = async (name: string) => {
      await signUpBy(first.url, name)
      return logInBy(first.url, name, `${transports[0]?.kind}`)
    }
    async function write(socket: Socket, texts: string[]) {
      for (const text of texts) t.equal(await socket.ask('pub', ROOM, { type: 'text', data: { text } }), 'ok')
    }
    const [ada, ben] = [await enter('ada'), await enter('ben')]
    const [stays, goes, silent]: [Socket[], Socket[], Socket[]] = [[], [], []]
    for (const _ of replicas) stays.push(await open(ada))
    for (const _ of replicas) goes.push(await open(ben))
    for (const _ of replicas) silent.push(await open(ben))
    await waitUntil(() => opened().every((count) => count === 3), 'each replica has one of each')

    for (const socket of [...stays, ...goes]) t.equal(await socket.ask('sub', ROOM), 'ok')
    await Promise.all(stays.map((socket, i) => write(socket, textsBy(`${i}`))))
    for (const socket of [...stays, ...goes]) {
      await socket.wait(ROOM, 24)
      t.strictSame(socket.seqs(ROOM), numbers(24))
      for (const i of stays.keys()) t.strictSame(textsOf(socket, `${i}`), textsBy(`${i}`))
    }

    const client = createClient(proxy)
    t.teardown(client.close)
    t.equal((await client.call('/api/auth/logout', { method: 'POST', headers: ben })).status, 204)
    const at = performance.now()
    await write(stays[0] as Socket, ['secret'])
    for (const socket of [...goes, ...silent]) t.equal(await socket.closed(), 4401)
    t.ok(performance.now() - at < 2000, 'within a second, and what a busy machine adds')
    for (const socket of stays) await socket.wait(ROOM, 25)
    for (const socket of goes) t.strictSame(socket.seqs(ROOM), numbers(24))

    first.child.kill('SIGTERM')
    await waitUntil(() => stays.some(({ isClosed }) => isClosed()), 'the socket of the replica that stops is closed')
    const moves = stays.find(({ isClosed }) => isClosed()) as Socket
    const others = stays.filter((socket) => socket !== moves)
    const writer = others[0] as Socket
    t.equal(await moves.closed(), 1012)
    await write(writer, ['while nobody is there'])
    const writing = write(writer, textsBy('meanwhile'))
    let back = await open(ada)
    // nginx may still try the replica that is stopping, which answers 503.
    while (back.refusal !== null) back = await open(ada)
    t.equal(await back.ask('sub', ROOM, { after: moves.seqs(ROOM).at(-1) }), 'ok')
    await writing
    await back.wait(ROOM, 9)
    t.strictSame([...moves.seqs(ROOM), ...back.seqs(ROOM)], numbers(34), 'without a gap or a duplicate')
    for (const socket of others) {
      await socket.wait(ROOM, 34)
      t.strictSame(socket.seqs(ROOM), numbers(34))
      t.equal(socket.isClosed(), false)
    }
    t.equal(await first.exited, 0)
    t.equal(opened()[0], 3, 'it is back on another replica')
  }
)
