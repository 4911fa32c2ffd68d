import { once } from 'node:events'
import { connect } from 'node:net'
import { type Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import createError from '@fastify/error'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { waitUntil } from '../../../wait.ts'
import { buildWithRoutes } from './app.ts'
import { listen } from './raw.ts'

const SECRET = 'select * from users where email = hunter2'
class DrizzleQueryError extends Error {
  readonly query = SECRET
  readonly params = ['hunter2']
}
const FORM = 'application/problem+json; charset=utf-8'
const SENTENCE = 'The service could not handle this request; please try again later'

/** Adds a route /boom that throws this. */
const throws = (thrown: unknown) => (app: FastifyInstance) =>
  app.get('/boom', async (_request, reply) => {
    reply.headers({ 'cache-control': 'public, max-age=3600', 'content-type': 'text/html', 'content-length': '3' })
    throw thrown
  })

const failures: [what: string, thrown: unknown][] = [
  ['an Error', new Error(SECRET)],
  ['a TypeError', new TypeError(SECRET)],
  ['a string', SECRET],
  ['a number', 404],
  ['null', null],
  ['undefined', undefined],
  ['an object', { statusCode: 400, message: SECRET }],
  ['a query error', new DrizzleQueryError(`Failed query: ${SECRET}\nparams: hunter2`)],
  ['a query error whose text looks like a stack', new DrizzleQueryError(`Failed query\n    at hunter2`)],
  ['a query error as cause', new Error('no note', { cause: new DrizzleQueryError(SECRET) })],
  ['an error with a status that is none', Object.assign(new Error(SECRET), { statusCode: 99 })],
  ['an error with the status of success', Object.assign(new Error(SECRET), { statusCode: 200 })],
  ['an error with a status above all', Object.assign(new Error(SECRET), { statusCode: 1000 })],
  ['a gateway error of a package', Object.assign(new Error(SECRET), { statusCode: 502 })],
  ['an error named like ours without a code', Object.assign(new Error(SECRET), { name: 'FastifyError' })],
  ['a coded error with an impossible status', new (createError('ODD', SECRET, 799))()]
]

for (const [what, thrown] of failures) {
  t.test(`ASVS 13.4.2, 16.5.1: a handler that throws ${what} is a 500 that reveals nothing`, async (t) => {
    const { app, lines } = await buildWithRoutes(t, throws(thrown))

    const reply = await app.inject({ method: 'GET', url: '/boom' })

    t.equal(reply.statusCode, 500)
    const { requestId, ...body } = reply.json()
    t.same(body, { title: 'Internal Server Error', status: 500, code: 'INTERNAL_ERROR', detail: SENTENCE })
    t.match(reply.headers, { 'content-type': FORM, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    const logged = lines.filter((line) => line['requestId'] === requestId)
    t.match(logged, [
      { level: 'error', msg: 'request failed', code: 'INTERNAL_ERROR' },
      { msg: 'request', status: 500 }
    ])
    if (what.includes('query error')) t.notMatch(JSON.stringify(lines), /hunter2|select \*/)
  })
}

t.test("ASVS 16.5.1: a package's error keeps its status but not its text", async (t) => {
  const rows: [status: number, code: string][] = [
    [400, 'MALFORMED_REQUEST'],
    [403, 'FORBIDDEN'],
    [404, 'NOT_FOUND'],
    [409, 'CONFLICT'],
    [418, 'I_M_A_TEAPOT'],
    [429, 'RATE_LIMITED']
  ]
  for (const [statusCode, code] of rows) {
    const { app } = await buildWithRoutes(t, throws(Object.assign(new Error(SECRET), { statusCode })))
    const reply = await app.inject({ method: 'GET', url: '/boom' })
    t.equal(reply.statusCode, statusCode)
    t.match(reply.json(), { code, status: statusCode })
    t.notMatch(reply.body, /hunter2/)
  }
})

t.test("a 401 has a challenge, a 503 has Retry-After, and an error's own headers win", async (t) => {
  const Own = class extends createError('OWN', 'An own refusal', 401) {
    readonly headers = { 'www-authenticate': 'Bearer realm="own"' }
  }
  const rows: [Error, number, string, string][] = [
    [new (createError('NOBODY', 'Nobody', 401))(), 401, 'www-authenticate', 'Bearer'],
    [new Own(), 401, 'www-authenticate', 'Bearer realm="own"'],
    [new (createError('AWAY', SECRET, 503))(), 503, 'retry-after', '5']
  ]
  for (const [thrown, status, name, value] of rows) {
    const { app } = await buildWithRoutes(t, throws(thrown))
    const reply = await app.inject({ method: 'GET', url: '/boom' })
    t.equal(reply.statusCode, status)
    t.equal(reply.headers[name], value)
    t.equal(reply.headers['cache-control'], 'no-store')
    t.notMatch(reply.body, /hunter2/)
  }
})

t.test('onServerError gets every 5xx and nothing else, and a failing listener changes nothing', async (t) => {
  const cause = new Error(SECRET)
  const told: [unknown, string][] = []
  const { app, lines } = await buildWithRoutes(t, (app) => {
    throws(cause)(app)
    app.onServerError(() => {
      throw new Error('sync')
    })
    app.onServerError(async () => Promise.reject(new Error('async')))
    app.onServerError((error, request) => void told.push([error, request.id]))
  })

  const reply = await app.inject({ method: 'GET', url: '/boom' })
  await app.inject({ method: 'GET', url: '/nowhere' })

  t.equal(reply.statusCode, 500)
  t.equal(reply.json().code, 'INTERNAL_ERROR')
  t.same(told, [[cause, reply.json().requestId]])
  t.equal(lines.filter(({ msg }) => msg === 'an onServerError listener failed').length, 2)
})

t.test(
  'a client that disconnects while sending its body is not a failure of the service or the database',
  async (t) => {
    const { app, lines } = await buildWithRoutes(t, (app) => {
      app.post('/body', async () => ({}))
      app.addContentTypeParser('application/octet-stream', (_request: unknown, body: unknown, done) => done(null, body))
      app.post('/upload', async ({ body }) => {
        await pipeline(body as Readable, new Writable({ write: (_chunk, _encoding, done) => done() }))
        return {}
      })
    })
    const told: unknown[] = []
    app.onServerError((error) => void told.push(error))
    const port = await listen(app)
    lines.length = 0
    const rows = [
      ['/body', 'application/json'],
      ['/body', 'text/plain'],
      ['/upload', 'application/octet-stream']
    ]
    const ends = ['Content-Length: 1000\r\n\r\n{', 'Transfer-Encoding: chunked\r\n\r\n']
    const sent = rows.flatMap(([url, type]) =>
      ends.map((end) => `POST ${url} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\n${end}`)
    )
    for (const text of sent) {
      const received = once(app.server, 'request')
      const socket = connect(port, '127.0.0.1')
      socket.write(text)
      await received
      socket.destroy()
    }
    const isOver = () => lines.filter(({ method }) => method === 'POST').length === sent.length
    await waitUntil(isOver, 'each has its line')
    t.same(
      lines.filter(({ level }) => level !== 'info'),
      []
    )
    t.same(told, [])
    t.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200)
  }
)

t.test('a handler that times out is a 503 like any other', async (t) => {
  const { app } = await buildWithRoutes(t, (app) =>
    app.get('/slow', { handlerTimeout: 10 }, async (request) => {
      await new Promise((resolve) => request.signal.addEventListener('abort', resolve))
      return new Promise(() => {})
    })
  )
  const reply = await app.inject({ method: 'GET', url: '/slow' })
  t.equal(reply.statusCode, 503)
  t.match(reply.json(), { code: 'SERVICE_UNAVAILABLE', detail: SENTENCE })
  t.equal(reply.headers['retry-after'], '5')
})
