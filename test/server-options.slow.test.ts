import { once } from 'node:events'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import t from 'tap'
import { buildWithLog } from './build.ts'
import { answersIn, exchange, listen } from './plugins/platform/errors/raw.ts'

t.test('only a trusted proxy may set the request id, in a plain format', async (t) => {
  const good = '0123456789abcdef0123456789abcdef'
  const rows: [trusted: string, id: string, isTaken: boolean][] = [
    ['127.0.0.1', good, true],
    ['127.0.0.1', '01a21d69-59a1-70d5-a0e2-e2c1de9fa5b1', true],
    ['', good, false],
    ['10.0.0.0/8', good, false],
    ['127.0.0.1', 'short', false],
    ['127.0.0.1', 'x'.repeat(65), false],
    ['127.0.0.1', `${good}\u001b[31m`, false],
    ['127.0.0.1', `${good}, ${good}`, false]
  ]
  for (const [TRUST_PROXY, id, isTaken] of rows) {
    const { app, lines } = await buildWithLog(t, { TRUST_PROXY })
    const reply = await app.inject({ method: 'GET', url: '/api/users/me', headers: { 'x-request-id': id } })
    t.equal(reply.json().requestId === id, isTaken, `${TRUST_PROXY} ${id}`)
    t.equal(lines.at(-1)?.['requestId'], reply.json().requestId)
  }
})

t.test('ASVS 13.1.3: every timeout for slow clients is set', async (t) => {
  const { app } = await buildWithLog(t)
  const server: Server = app.server
  t.match(server, { headersTimeout: 20_000, requestTimeout: 30_000, timeout: 30_000, keepAliveTimeout: 72_000 })
  t.match(app.initialConfig, { bodyLimit: 102_400, requestTimeout: 30_000 })
  t.match(server, { connectionsCheckingInterval: 5000 })
})

t.test('ASVS 13.1.3: a client that sends a byte at a time gets a 408, and others are served', async (t) => {
  const { app } = await buildWithLog(t)
  const port = await listen(app)
  // Shorter than in production. Node still checks them only every five seconds.
  app.server.headersTimeout = 500
  app.server.requestTimeout = 1000
  const head = 'POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\n'
  const slow = [head, `${head}Content-Type: application/json\r\nContent-Length: 9000\r\n\r\n{`]
  const ended = slow.map((start) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(start))
    const drip = setInterval(() => socket.write('x'), 200)
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes
    })
    socket.on('error', () => {})
    return once(socket, 'close').then(() => {
      clearInterval(drip)
      return text
    })
  })
  t.equal((await fetch(`http://127.0.0.1:${port}/livez`)).status, 200)
  for (const text of await Promise.all(ended)) {
    const [answer, ...more] = answersIn(text)
    t.match(JSON.parse(answer?.body ?? '{}'), { status: 408, code: 'REQUEST_TIMEOUT' })
    t.equal(more.length, 0)
  }
})

t.test('every request has its own id, which clients cannot choose', async (t) => {
  const { app, lines } = await buildWithLog(t)
  const ids = new Set<unknown>()
  for (const name of ['request-id', 'x-request-id', 'traceparent']) {
    lines.length = 0
    const reply = await app.inject({ method: 'GET', url: '/nowhere', headers: { [name]: 'chosen' } })
    t.match(reply.json().requestId, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
    t.equal(lines[0]?.['requestId'], reply.json().requestId)
    ids.add(reply.json().requestId)
  }
  t.equal(ids.size, 3)
})

t.test(
  'ASVS 4.1.3, 15.3.4: the client address comes from the connection, unless a trusted proxy sets it',
  async (t) => {
    const rows: [TRUST_PROXY: string, ip: string][] = [
      ['', '127.0.0.1'],
      ['192.0.2.0/24', '127.0.0.1'],
      ['127.0.0.1', '203.0.113.7'],
      ['127.0.0.0/8, ::1', '203.0.113.7']
    ]
    for (const [TRUST_PROXY, ip] of rows) {
      const { app, lines } = await buildWithLog(t, { TRUST_PROXY })
      lines.length = 0
      const headers = { 'x-forwarded-for': '198.51.100.1, 203.0.113.7' }
      await app.inject({ method: 'GET', url: '/api/auth', headers })
      t.match(lines, [{ ip }], TRUST_PROXY)
    }
  }
)

t.test('duplicate headers are joined, so that no second value is hidden', async (t) => {
  const { app } = await buildWithLog(t)
  const port = await listen(app)
  const lines = [
    'GET /api/users/me HTTP/1.1',
    'Host: x',
    'Connection: close',
    'Authorization: Bearer a',
    'Authorization: Bearer b'
  ]
  const [answer] = answersIn(await exchange(port, [...lines, '', ''].join('\r\n')))
  t.equal(answer?.status, 401)
})
