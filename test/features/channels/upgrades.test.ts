import { once } from 'node:events'
import { type IncomingHttpHeaders, request as send } from 'node:http'
import { connect as connectTcp } from 'node:net'
import t from 'tap'
import { build, buildWithLog, logIn, PASSWORD, transports } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { waitUntil } from '../../servers.ts'
import { addressOf, openStream } from '../realtime/client.ts'
import { connect } from './client.ts'

const byCookie = transports.find(({ kind }) => kind === 'cookie')
const SOCKET = '/api/realtime/socket'
const HANDSHAKE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ=='
}
type Headers = Record<string, string>

const refusalOf = async (...given: Parameters<typeof connect>) => {
  const { refusal, close } = await connect(...given)
  close()
  return refusal ? `${refusal.status} ${refusal.body.code}` : 'open'
}

/** Sends a request with any headers; returns the reply, and whether the server then closed the connection. */
async function ask(url: string, path: string, headers: Headers, method = 'GET', body = '') {
  const request = send(`${url}${path}`, { method, headers, agent: false })
  request.end(body)
  const [reply] = (await once(request, 'response')) as [
    AsyncIterable<Buffer> & { statusCode: number; headers: IncomingHttpHeaders }
  ]
  let text = ''
  for await (const chunk of reply) text += chunk
  return { status: reply.statusCode, headers: reply.headers, body: text === '' ? null : JSON.parse(text) }
}

t.test(
  'ASVS 4.4.2: with a cookie, a socket needs an origin that is allowed',
  { skip: !byCookie && 'no cookie sessions' },
  async (t) => {
    const app = await build(t, { CORS_API_ORIGINS: 'https://app.example.com' })
    const url = await addressOf(app)
    const { headers } = await logIn(app, 'ada', byCookie)
    for (const origin of ['https://evil.test', 'null', url, 'https://app.example.com.evil.test', ''])
      t.equal(await refusalOf(url, headers, '', origin), '403 CROSS_ORIGIN_REQUEST', `Origin: ${origin}`)
    const missing = await ask(url, SOCKET, { ...HANDSHAKE, ...headers })
    t.match(missing, { status: 403, headers: { connection: 'close' }, body: { code: 'CROSS_ORIGIN_REQUEST' } })
    t.equal(await refusalOf(url, headers, '', 'https://app.example.com'), 'open')
    t.equal(await refusalOf(url, headers), 'open', 'its own origin')
    t.equal(await refusalOf(url, {}, '', 'https://app.example.com'), '401 UNAUTHENTICATED')
  }
)

t.test('ASVS 4.4.3, 4.4.4: a ticket opens one socket, or one stream, of its session, and is not logged', async (t) => {
  const { app, lines } = await buildWithLog(t)
  const url = await addressOf(app)
  const ada = await logIn(app, 'ada')
  const ticketOf = async () =>
    `?ticket=${(await call(app, ada, 'POST /api/realtime/tickets')).json<{ ticket: string }>().ticket}`
  for (const wrong of ['?ticket=x', '?ticket=', '?ticket=x&ticket=y'])
    t.equal(await refusalOf(url, ada.headers, wrong), '401 TICKET_INVALID', wrong)

  const ticket = await ticketOf()
  const twice = await Promise.all([connect(url, {}, ticket, 'https://evil.test'), connect(url, {}, ticket)])
  t.strictSame(twice.map(({ refusal }) => refusal?.body.code ?? 'open').sort(), ['TICKET_INVALID', 'open'])
  const open = twice.find(({ refusal }) => refusal === null)
  t.match(open?.received, {
    'ratelimit-limit': /^\d+$/,
    'strict-transport-security': /max-age/,
    'x-content-type-options': 'nosniff'
  })
  const unused = await ticketOf()
  t.equal((await openStream(url, {}, await ticketOf())).status, 200)
  t.equal((await call(app, ada, 'POST /api/auth/logout')).statusCode, 204)
  t.equal(await open?.closed(), 4401)
  t.equal(await refusalOf(url, {}, unused), '401 TICKET_INVALID', 'its session has ended')
  const opened = () => lines.filter(({ status, route }) => status === 101 && route === SOCKET)
  await waitUntil(() => opened().length === 1, 'the line of the request')
  t.match(opened()[0], { msg: 'request', userId: ada.user.id })
  for (const secret of [ticket, unused]) t.notMatch(JSON.stringify(lines), secret.slice('?ticket='.length))
})

t.test('what is no handshake is refused, and other paths ignore the offer of another protocol', async (t) => {
  const app = await build(t)
  const url = await addressOf(app)
  const { headers } = await logIn(app, 'ada')
  const own = { ...headers, origin: url.replace('http', 'https') }
  const wrong: Headers[] = [
    {},
    { ...HANDSHAKE, upgrade: 'h2c' },
    { ...HANDSHAKE, 'sec-websocket-version': '12' },
    { ...HANDSHAKE, 'sec-websocket-key': 'short' }
  ]
  for (const handshake of wrong) {
    const reply = await ask(url, SOCKET, { ...own, ...handshake })
    t.match(reply, { status: 426, headers: { upgrade: 'websocket', 'sec-websocket-version': '13' } })
    t.equal(reply.body.code, 'UPGRADE_REQUIRED')
  }
  const posted = await ask(url, SOCKET, { ...own, ...HANDSHAKE }, 'POST')
  t.match(posted, { status: 405, headers: { allow: 'GET, OPTIONS' } })
  t.equal((await ask(url, `${SOCKET}?other=1`, { ...own, ...HANDSHAKE })).status, 400)
  // As the client of Java does with every request.
  const login = JSON.stringify({ usernameOrEmail: 'ada', password: PASSWORD, authType: transports[0]?.kind })
  const h2c = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' }
  const sent = { ...h2c, 'content-type': 'application/json' }
  t.equal((await ask(url, '/api/auth/login', sent, 'POST', login)).status, 200)
  t.equal((await ask(url, '/livez', { ...own, ...HANDSHAKE })).status, 200)
})

t.test('sockets count as streams, and the oldest makes room', async (t) => {
  const app = await build(t, { STREAMS_PER_USER: '2', STREAMS_MAX: '3' })
  const url = await addressOf(app)
  const [ada, ben] = [await logIn(app, 'ada'), await logIn(app, 'ben')]
  const first = await connect(url, ada.headers)
  const stream = await openStream(url, ada.headers)
  await stream.wait('ready')
  const second = await connect(url, ada.headers)
  t.equal(await first.closed(), 4429)
  t.equal((await connect(url, ben.headers)).refusal, null)
  t.match((await connect(url, ben.headers)).refusal, { status: 503, headers: { 'retry-after': /\d/ } })
  t.equal(second.isClosed(), false)
  app.lifecycle.isStopping = true
  t.equal(await second.closed(), 1012)
  t.equal(await refusalOf(url, ben.headers), '503 SERVICE_UNAVAILABLE')
})

t.test('a handshake that does not wait for an earlier reply is answered after it', async (t) => {
  const app = await build(t)
  const url = new URL(await addressOf(app))
  const tcp = connectTcp(Number(url.port), url.hostname)
  const lines = Object.entries({ ...HANDSHAKE, host: url.host })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
  tcp.write(`GET /livez HTTP/1.1\r\nHost: ${url.host}\r\n\r\nGET ${SOCKET} HTTP/1.1\r\n${lines}\r\n`)
  let replies = ''
  tcp.on('data', (data) => {
    replies += data
  })
  await waitUntil(() => replies.includes('UNAUTHENTICATED'), 'the refusal')
  tcp.destroy()
  t.match(replies, /^HTTP\/1\.1 200 .*HTTP\/1\.1 401 /s)
  t.equal((await fetch(`${url.origin}/livez`)).status, 200)
})
