import t from 'tap'
import { build, buildWithLog, logIn, transports } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { addressOf, notify, openStream } from './client.ts'

const STREAM = '/api/realtime/stream'
const byCookie = transports.find(({ kind }) => kind === 'cookie')
const byToken = transports.find(({ kind }) => kind === 'token')
const ticketOf = async (app: Parameters<typeof call>[0], session: { headers: Record<string, string> }) =>
  (await call(app, session, 'POST /api/realtime/tickets')).json<{ ticket: string; expiresIn: number }>()

t.test('a cursor is a number of this log: others are reset, and what is no number is refused', async (t) => {
  const app = await build(t)
  const ada = await logIn(app, 'ada')
  const url = await addressOf(app)
  await notify(app, ada.user.id, 'one', 'two', 'three', 'four')
  await app.db.delete(app.tables.messages)
  await app.db.update(app.tables.channels).set({ firstSeq: 5 })
  await notify(app, ada.user.id, 'five', 'six')

  const begin = async (headers: Record<string, string>, query = '') => {
    const stream = await openStream(url, { ...ada.headers, ...headers }, query)
    if (stream.status !== 200) return stream.status
    await stream.wait('ready')
    // What comes last shows what came before it.
    await notify(app, ada.user.id, 'last')
    const { seq } = (await call(app, ada, 'GET /api/notifications')).json()
    await stream.wait('message', 1)
    while (stream.seqs().at(-1) !== seq) await stream.wait('message', stream.seqs().length + 1)
    stream.close()
    const [reset] = stream.of('reset')
    return { ready: stream.of('ready')[0]?.data['seq'], reset: reset?.data['seq'], seqs: stream.seqs() }
  }
  t.strictSame(await begin({}), { ready: 6, reset: undefined, seqs: [7] })
  t.strictSame(await begin({ 'last-event-id': '5' }), { ready: 5, reset: undefined, seqs: [6, 7, 8] })
  t.strictSame(
    await begin({}, '?after=4'),
    { ready: 4, reset: undefined, seqs: [5, 6, 7, 8, 9] },
    'the first that is kept'
  )
  t.strictSame(await begin({ 'last-event-id': '3' }), { ready: 9, reset: 9, seqs: [10] }, 'too old')
  t.strictSame(await begin({ 'last-event-id': '0' }), { ready: 10, reset: 10, seqs: [11] }, 'too old')
  t.strictSame(await begin({ 'last-event-id': '' }), { ready: 11, reset: undefined, seqs: [12] }, 'none')
  t.strictSame(await begin({ 'last-event-id': '4000' }), { ready: 12, reset: 12, seqs: [13] }, 'ahead')
  t.strictSame(await begin({}, '?after=4294967296000'), { ready: 13, reset: 13, seqs: [14] }, 'ahead')
  for (const cursor of ['-1', '1e9', '9223372036854775808', '1.5', 'x', '0x5']) {
    t.equal(await begin({ 'last-event-id': cursor }), 400, `Last-Event-ID: ${cursor}`)
    t.equal(await begin({}, `?after=${cursor}`), 400, `after=${cursor}`)
  }
})

t.test(
  'a page of another origin opens no stream with a cookie',
  { skip: !byCookie && 'no cookie sessions' },
  async (t) => {
    const app = await build(t, { CORS_API_ORIGINS: 'https://app.example.com' })
    const url = await addressOf(app)
    const ada = await logIn(app, 'ada', byCookie)
    const foreign = [
      { origin: 'https://evil.test' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: 'https://other.example.com' }
    ]
    for (const headers of foreign) {
      const { status } = await openStream(url, { ...ada.headers, ...headers } as Record<string, string>)
      t.equal(status, 403, JSON.stringify(headers))
    }
    const listed = await openStream(url, {
      ...ada.headers,
      origin: 'https://app.example.com',
      'sec-fetch-site': 'cross-site'
    })
    t.match(listed, { status: 200, headers: { 'access-control-allow-origin': 'https://app.example.com' } })
    const own = await openStream(url, { ...ada.headers, 'sec-fetch-site': 'same-origin' })
    t.equal(own.status, 200)

    const ben = byToken && (await logIn(app, 'ben', byToken))
    const bearer = ben && (await openStream(url, { ...ben.headers, ...foreign[0] } as Record<string, string>))
    if (bearer) t.equal(bearer.status, 200, 'a page needs no permission to send a token that it has')
    const { ticket } = await ticketOf(app, ada)
    const byTicket = await openStream(url, { cookie: 'theme=dark', origin: 'https://evil.test' }, `?ticket=${ticket}`)
    t.equal(byTicket.status, 200, 'nor to use a ticket')
  }
)

t.test('a ticket opens one stream, of its session, and is not logged', async (t) => {
  const { app, lines } = await buildWithLog(t)
  const url = await addressOf(app)
  const ada = await logIn(app, 'ada')
  const { ticket, expiresIn } = await ticketOf(app, ada)
  t.equal(expiresIn, 30)
  for (const wrong of ['x', '', `${ticket}x`]) {
    const refused = await app.inject({ method: 'GET', url: `${STREAM}?ticket=${wrong}`, headers: ada.headers })
    t.match(refused, { statusCode: 401 }, 'although the cookie is valid')
    t.equal(refused.json().code, 'TICKET_INVALID')
  }
  const twice = await Promise.all([openStream(url, {}, `?ticket=${ticket}`), openStream(url, {}, `?ticket=${ticket}`)])
  t.strictSame(twice.map(({ status }) => status).sort(), [200, 401])
  const open = twice.find(({ status }) => status === 200)
  await notify(app, ada.user.id, 'one')
  await open?.wait('message')

  const unused = await ticketOf(app, ada)
  const array = await app.inject({ method: 'GET', url: `${STREAM}?ticket=${unused.ticket}&ticket=${unused.ticket}` })
  t.equal(array.json().code, 'TICKET_INVALID')
  t.equal(
    (
      await app.inject({
        method: 'GET',
        url: '/api/auth/whoami',
        headers: { authorization: `Bearer ${unused.ticket}` }
      })
    ).statusCode,
    401
  )
  t.equal((await call(app, ada, 'POST /api/auth/logout')).statusCode, 204)
  t.equal(await open?.ended(), 'SESSION_ENDED')
  t.equal((await openStream(url, {}, `?ticket=${unused.ticket}`)).status, 401, 'the session has ended')
  t.notMatch(JSON.stringify(lines), ticket)
  t.notMatch(JSON.stringify(lines), unused.ticket)
})

t.test('a stream needs a session, and a client that accepts one', async (t) => {
  const app = await build(t)
  const ada = await logIn(app, 'ada')
  const ask = async (headers: Record<string, string>, method: 'GET' | 'HEAD' | 'POST' = 'GET') => {
    const reply = await app.inject({ method, url: STREAM, headers })
    return method === 'HEAD' ? `${reply.statusCode}` : `${reply.statusCode} ${reply.json().code}`
  }
  t.equal(await ask({}), '401 UNAUTHENTICATED')
  t.match(await ask({ authorization: 'Bearer x' }), /^401 /)
  for (const accept of ['application/json', 'text/html, application/xhtml+xml', 'text/event-streamer'])
    t.equal(await ask({ ...ada.headers, accept }), '406 NOT_ACCEPTABLE', accept)
  t.equal(await ask(ada.headers, 'HEAD'), '405')
  t.equal(await ask(ada.headers, 'POST'), '405 METHOD_NOT_ALLOWED')
  const url = await addressOf(app)
  for (const accept of ['text/event-stream', 'text/event-stream;q=0.9, */*;q=0.1', '*/*', 'text/*'])
    t.equal((await openStream(url, { ...ada.headers, accept })).status, 200, accept)
})

t.test('one more stream of a user ends the oldest; beyond STREAMS_MAX there are none', async (t) => {
  const app = await build(t, { STREAMS_MAX: '3', STREAMS_PER_USER: '2' })
  const url = await addressOf(app)
  const [ada, ben] = [await logIn(app, 'ada'), await logIn(app, 'ben')]
  const first = await openStream(url, ada.headers)
  const second = await openStream(url, ada.headers)
  const third = await openStream(url, ada.headers)
  t.equal(await first.ended(), 'TOO_MANY_STREAMS')
  const other = await openStream(url, ben.headers)
  t.equal(other.status, 200, 'another user has a limit of their own')
  const refused = await openStream(url, ben.headers)
  t.match(refused, { status: 503, headers: { 'retry-after': /^\d+$/ } })
  second.close()
  await third.wait('ready')
  let status = 503
  while (status === 503) ({ status } = await openStream(url, ben.headers))
  t.equal(status, 200, 'a closed stream makes room')
})
