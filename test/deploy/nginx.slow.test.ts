import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingHttpHeaders } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { type ConnectionOptions, connect } from 'node:tls'
import t, { type Test } from 'tap'
import { PASSWORD, signUp, transports } from '../build.ts'
import { buildWithRoutes } from '../plugins/platform/errors/app.ts'
import { answersIn, listen } from '../plugins/platform/errors/raw.ts'
import { freePort, waitUntil } from '../servers.ts'
import { createClient } from './client.ts'
import { HOST, type Nginx, noNginx, startNginx } from './nginx.ts'

// What nginx does with requests under deploy/nginx.conf, and what the service receives.

const TRUSTING = { TRUST_PROXY: '127.0.0.1/32' }
/** The client address in these tests, different from that of the proxy. */
const CLIENT = '127.0.0.9'

/** The service at a port, with a route that echoes the request and one that no request may reach. */
async function startApp(t: Test) {
  const seen: string[] = []
  const { app, lines } = await buildWithRoutes(
    t,
    (app) => {
      app.addHook('onRequest', async ({ method, raw }) => void seen.push(`${method} ${raw.url}`))
      app.get('/headers', async (request) => request.headers)
      app.get('/smuggled', async () => ({ smuggled: true }))
    },
    TRUSTING
  )
  return { app, lines, seen, port: await listen(app) }
}

/** A server that reads a request and closes the connection without a reply. */
async function startMute(t: Test) {
  const requests: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (data) => {
      requests.push(`${data}`.split(' ', 1)[0] ?? '')
      socket.destroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { requests, port: (server.address() as AddressInfo).port }
}

/** Sends these bytes over TLS; returns everything received until nginx closes the connection. */
function exchange({ port, ca }: Nginx, bytes: string) {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connect({ host: '127.0.0.1', port, ca, servername: HOST, localAddress: CLIENT } as ConnectionOptions)
  let text = ''
  const timer = setTimeout(() => reject(new Error(`left open after ${bytes.slice(0, 80)}: ${text}`)), 8000)
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    clearTimeout(timer)
    resolve(text)
  })
  socket.write(bytes, 'latin1')
  return promise.finally(() => socket.destroy())
}

const client = (t: Test, proxy: Nginx, address = CLIENT) => {
  const made = createClient(proxy, address)
  t.teardown(made.close)
  return made.call
}

t.test('nginx accepts the file without a warning', { skip: noNginx }, async (t) => {
  const proxy = await startNginx(t, [await freePort()], await freePort())
  t.match(proxy.checked, 'test is successful')
  t.notMatch(proxy.checked, '[warn]')
})

t.test('ASVS 4.1.3, 15.3.4: only nginx sets the headers that identify the client', { skip: noNginx }, async (t) => {
  const { port, lines } = await startApp(t)
  const proxy = await startNginx(t, [port])
  const call = client(t, proxy)
  const forged = {
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-port': '1',
    'x-real-ip': '1.2.3.4',
    forwarded: 'for=1.2.3.4;host=evil.example',
    'x-user-id': 'root',
    'x-request-id': 'forged'
  }
  const { status, text } = await call('/headers', { headers: forged })
  t.equal(status, 200)
  const { 'x-request-id': requestId, ...headers } = JSON.parse(text)
  t.strictSame(headers, { host: HOST, 'x-forwarded-for': CLIENT, 'x-forwarded-proto': 'https' })
  t.match(requestId, /^[0-9a-f]{32}$/)
  t.match(
    lines.findLast(({ msg }) => msg === 'request'),
    { ip: CLIENT }
  )
  t.match(proxy.log().at(-1), { ip: CLIENT, status: 200, requestId })
})

t.test(
  "behind nginx, a page of the service's own origin can act with a cookie, and a foreign page cannot",
  { skip: noNginx },
  async (t) => {
    const { app, port } = await startApp(t)
    const call = client(t, await startNginx(t, [port]))
    await signUp(app, 'ada')
    for (const transport of transports) {
      const { headers } = await transport.logIn(app, 'ada')
      const patch = (origin: string) =>
        call('/api/users/me', { method: 'PATCH', headers: { ...headers, origin }, body: { name: 'Ada L.' } })
      t.equal((await patch(`https://${HOST}`)).status, 200)
      const foreign = await patch('https://evil.example')
      t.equal(foreign.status, transport.kind === 'cookie' ? 403 : 200)
    }
  }
)

t.test(
  'an unknown host name gets no certificate, and HTTP on the HTTPS port gets a 400',
  { skip: noNginx },
  async (t) => {
    const proxy = await startNginx(t, [await freePort()])
    const stranger = connect({
      host: '127.0.0.1',
      port: proxy.port,
      servername: 'evil.example',
      rejectUnauthorized: false
    })
    const [error] = await once(stranger, 'error')
    t.match(error, { code: 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME' })
    const reply = await fetch(`http://127.0.0.1:${proxy.port}/`).catch(() => null)
    t.ok(reply === null || reply.status === 400)
  }
)

t.test('refusals by nginx look like refusals by the service', { skip: noNginx }, async (t) => {
  const call = client(t, await startNginx(t, [await freePort()]))
  const rows = [
    ['nobody is there', '/api/auth', {}, 503, 'SERVICE_UNAVAILABLE'],
    [
      'a body beyond all limits',
      '/api/auth/login',
      { method: 'POST', body: { x: 'x'.repeat(140_000) } },
      413,
      'PAYLOAD_TOO_LARGE'
    ],
    ['an address beyond all limits', `/${'x'.repeat(20_000)}`, {}, 414, 'URI_TOO_LONG'],
    ['a header beyond all limits', '/api/auth', { headers: { a: 'x'.repeat(20_000) } }, 431, 'HEADERS_TOO_LARGE']
  ] as const
  for (const [what, path, sent, status, code] of rows) {
    const reply = await call(path, sent)
    t.equal(reply.status, status, what)
    t.match(JSON.parse(reply.text), { status, code, title: String, detail: String, requestId: /^[0-9a-f]{32}$/ }, what)
    t.match(
      reply.headers,
      { 'content-type': 'application/problem+json; charset=utf-8', 'cache-control': 'no-store' },
      what
    )
    t.notMatch(JSON.stringify(reply.headers), 'nginx/', what)
  }
})

t.test('the service, not nginx, enforces the limits of the service', { skip: noNginx }, async (t) => {
  const { port } = await startApp(t)
  const call = client(t, await startNginx(t, [port]))
  const big = await call('/api/auth/login', { method: 'POST', body: { x: 'x'.repeat(110_000) } })
  t.match(JSON.parse(big.text), { code: 'PAYLOAD_TOO_LARGE' })
  t.notMatch(JSON.parse(big.text), { detail: 'The request could not be passed on' })
})

t.test('a flood from one address is refused, and others are still served', { skip: noNginx }, async (t) => {
  const { port } = await startApp(t)
  const proxy = await startNginx(t, [port])
  const flood = client(t, proxy)
  const replies = await Promise.all(Array.from({ length: 500 }, () => flood('/api/auth')))
  const refused = replies.filter(({ status }) => status === 429)
  t.ok(refused.length > 0 && refused.length < replies.length - 100, `${refused.length} of ${replies.length}`)
  t.match(JSON.parse(refused[0]?.text ?? ''), { code: 'RATE_LIMITED' })
  t.equal((await client(t, proxy, '127.0.0.10')('/api/auth')).status, 200)
})

t.test(
  'a replica that is gone costs no request, and a POST that was cut off is not repeated',
  { skip: noNginx },
  async (t) => {
    const { port, seen } = await startApp(t)
    const mute = await startMute(t)
    const gone = client(t, await startNginx(t, [port, await freePort(), await freePort()]))
    for (let i = 0; i < 6; i++)
      t.equal((await gone('/api/auth/logout', { method: 'POST' })).status, 401, 'not sent yet')
    seen.length = 0
    const broken = client(t, await startNginx(t, [mute.port]))
    t.equal((await broken('/api/auth/logout', { method: 'POST' })).status, 503)
    t.strictSame(mute.requests, ['POST'], 'asked once')

    const half = client(t, await startNginx(t, [mute.port, port, port]))
    for (let i = 0; i < 6; i++) t.equal((await half('/api/auth')).status, 200, 'safe to ask again')
    t.ok(mute.requests.includes('GET'))
    t.strictSame(new Set(seen), new Set(['GET /api/auth']))
  }
)

t.test(
  'a replica that is about to stop gets no more requests after its first refusal',
  { skip: noNginx },
  async (t) => {
    const [one, two] = [await startApp(t), await startApp(t)]
    const proxy = await startNginx(t, [one.port, two.port, two.port])
    one.app.lifecycle.isStopping = true
    for (let i = 0; i < 6; i++) t.equal((await fetch(`${proxy.statusUrl}/readyz`)).status, 200)
    t.match(one.seen, ['GET /readyz'])
    const call = client(t, proxy)
    for (let i = 0; i < 12; i++) t.equal((await call('/api/auth', { method: 'GET' })).status, 200)
    t.strictSame(one.seen, ['GET /readyz'], 'asked once, and then nothing')
    t.equal((await fetch(`${proxy.statusUrl}/api/auth`)).status, 404, 'this port is for nothing else')
  }
)

t.test('ASVS 4.2.1: no request can smuggle a second one past nginx or the service', { skip: noNginx }, async (t) => {
  const { port, seen } = await startApp(t)
  const proxy = await startNginx(t, [port])
  const hidden = `GET /smuggled HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`
  const body = `0\r\n\r\n${hidden}`
  const post = (...headers: string[]) =>
    `${['POST /api/auth/login HTTP/1.1', `Host: ${HOST}`, 'Content-Type: application/json', ...headers].join('\r\n')}\r\n\r\n`
  const length = (text: string) => `Content-Length: ${text.length}`
  const chunked = 'Transfer-Encoding: chunked'
  const get = (...headers: string[]) =>
    `${['GET /api/auth HTTP/1.1', `Host: ${HOST}`, ...headers].join('\r\n')}\r\n\r\n`
  const rows: [what: string, bytes: string][] = [
    ['length, then chunked', `${post(length(body), chunked)}${body}`],
    ['chunked, then length', `${post(chunked, 'Content-Length: 4')}${body}`],
    ['two lengths', `${post(length(body), 'Content-Length: 0')}${body}`],
    ['one length twice', `${post(length(body), length(body))}${body}`],
    ['a list of lengths', `${post(`Content-Length: 0, ${body.length}`)}${body}`],
    ['a length with sign', `${post('Content-Length: +0')}${body}`],
    ['a negative length', `${post('Content-Length: -1')}${body}`],
    ['a length in hex', `${post('Content-Length: 0x0')}${body}`],
    ['a length with a space', `${post(`Content-Length: 1 ${body.length}`)}${body}`],
    ['an unknown coding', `${post('Transfer-Encoding: xchunked', length(body))}${body}`],
    ['chunked not last', `${post('Transfer-Encoding: chunked, identity', length(body))}${body}`],
    ['chunked twice', `${post(chunked, chunked)}${body}`],
    ['a coding after a tab', `${post('Transfer-Encoding:\tchunked', length(body))}${body}`],
    ['a coding with VT', `${post('Transfer-Encoding: \x0bchunked', length(body))}${body}`],
    ['a coding in quotes', `${post('Transfer-Encoding: "chunked"', length(body))}${body}`],
    ['a space before the colon', `${post('Transfer-Encoding : chunked', length(body))}${body}`],
    ['a coding in a folded line', `${post('X: y', ' Transfer-Encoding: chunked', length(body))}${body}`],
    ['a coding after a bare LF', `${post(`X: y\nTransfer-Encoding: chunked`, length(body))}${body}`],
    ['a coding after a bare CR', `${post(`X: y\rTransfer-Encoding: chunked`, length(body))}${body}`],
    ['a coding after NUL', `${post(`X: y\0Transfer-Encoding: chunked`, length(body))}${body}`],
    ['a header with an underscore', `${post('Transfer_Encoding: chunked', length(body))}${body}`],
    ['chunked on HTTP/1.0', `${post(chunked).replace('1.1', '1.0')}${body}`],
    ['a chunk size too big', `${post(chunked)}fffffffffffffffff\r\n${hidden}`],
    ['a negative chunk size', `${post(chunked)}-1\r\n${hidden}`],
    ['a chunk size with garbage', `${post(chunked)}x0\r\n\r\n${hidden}`],
    ['a chunk that is longer than it says', `${post(chunked)}2\r\n{}${hidden}0\r\n\r\n`],
    ['a GET with a length', `${get(length(body))}${body}`],
    ['two hosts', get('Host: evil.example')],
    ['an absolute target for another host', get().replace('/api/auth', 'http://evil.example/api/auth')],
    ['a line break in the path', get().replace('/api/auth', `/api/auth HTTP/1.1\r\nX: y\r\n\r\n${hidden}`)],
    ['an encoded line break in the path', get().replace('/api/auth', '/x%0d%0a%0d%0aGET%20/smuggled')],
    [
      'an upgrade to h2c',
      get('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__')
    ]
  ]
  for (const [what, bytes] of rows) {
    seen.length = 0
    const logged = proxy.log().length
    // Our own second request ends the connection. It must get its own reply or none.
    const statuses = answersIn(await exchange(proxy, `${bytes}${get('Connection: close')}`)).map(({ status }) => status)
    t.notOk(seen.includes('GET /smuggled'), what)
    // nginx logs a request after it has sent the reply.
    await waitUntil(() => proxy.log().length >= logged + statuses.length, 'each answer is that of a request in the log')
    const passed = proxy.log().slice(logged)
    t.equal(seen.length, passed.filter(({ upstream }) => upstream).length, `${what}: both count the same requests`)
    t.notOk(statuses.includes(500), what)
  }
  t.equal((await client(t, proxy)('/api/auth')).status, 200, 'both go on')
})

t.test(
  'ASVS 3.5.1: another service behind auth_request on whoami gets the user, and nothing from foreign pages',
  { skip: noNginx },
  async (t) => {
    const { app, port } = await startApp(t)
    const arrived: IncomingHttpHeaders[] = []
    const other = createHttpServer(({ headers }, reply) => {
      arrived.push(headers)
      reply.writeHead(204).end()
    })
    t.teardown(() => other.close())
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    const call = client(t, await startNginx(t, [port], (other.address() as AddressInfo).port))
    const user = await signUp(app, 'ada')
    t.equal((await call('/other/x')).status, 401)
    t.equal((await call('/other/x', { headers: { 'x-user-id': user.id } })).status, 401)
    for (const transport of transports) {
      const { headers } = await transport.logIn(app, 'ada')
      const ask = async (method: string, more: Record<string, string> = {}) =>
        (await call('/other/x', { method, headers: { ...headers, ...more } })).status
      t.equal(await ask('GET', { 'x-user-id': 'root' }), 204)
      t.equal(await ask('POST'), 204)
      t.equal(await ask('POST', { origin: 'https://app.example.com', 'sec-fetch-site': 'same-site' }), 204)
      t.equal(await ask('POST', { 'sec-fetch-site': 'same-origin' }), 204)
      t.equal(await ask('GET', { origin: 'https://evil.example' }), 204)
      for (const { authorization, cookie, 'x-user-id': userId } of arrived.splice(0))
        t.strictSame(
          { authorization, cookie, userId },
          { authorization: undefined, cookie: undefined, userId: user.id }
        )
      t.equal(await ask('POST', { origin: 'https://evil.example' }), 403)
      t.equal(await ask('DELETE', { origin: 'null' }), 403)
      t.equal(await ask('PATCH', { 'sec-fetch-site': 'cross-site' }), 403)
      t.strictSame(arrived, [])
    }
  }
)

t.test(
  'the location in docs/production.md serves the API under a path, and its cookies work',
  { skip: noNginx },
  async (t) => {
    const { app, port } = await startApp(t)
    const page = readFileSync(new URL('../../docs/production.md', import.meta.url), 'utf8')
    const [location = ''] = /^location \/backend\/ \{[^}]*\}/m.exec(page) ?? []
    t.match(location, 'http://127.0.0.1:3000/;')
    const nginx = await startNginx(t, [port], undefined, location.replace(':3000/', `:${port}/`))
    const { call, close } = createClient(nginx, CLIENT)
    t.teardown(close)
    await signUp(app, 'ada')

    for (const login of [{ authType: 'cookie' }, { authType: 'token', refreshIn: 'cookie' }]) {
      const body = { usernameOrEmail: 'ada', password: PASSWORD, ...login }
      const { status, headers } = await call('/backend/api/auth/login', { method: 'POST', body })
      t.equal(status, 200)
      const [set = ''] = headers['set-cookie'] ?? []
      t.match(set, /^__Host-[^;]*;.*Path=\/(;|$)/, 'a browser sends it to any path')
      const [cookie = ''] = set.split(';')
      const [path, method] =
        login.authType === 'cookie' ? ['/users/me', 'GET'] : (['/auth/token-refresh', 'POST'] as const)
      t.equal((await call(`/backend/api${path}`, { method, headers: { cookie } })).status, 200)
    }
  }
)
