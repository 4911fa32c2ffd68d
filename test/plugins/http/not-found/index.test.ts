import type { HTTPMethods } from 'fastify'
import t from 'tap'
import { build } from '../../../build.ts'
import { answersIn, exchange, listen } from '../../platform/errors/raw.ts'

const METHODS: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
/** Every path of the service that belongs to no transport, with its methods. */
const paths: [path: string, ...allowed: string[]][] = [
  ['/livez', 'GET', 'HEAD'],
  ['/readyz', 'GET', 'HEAD'],
  ['/api/auth', 'GET', 'HEAD'],
  ['/api/auth/signup', 'POST'],
  ['/api/auth/login', 'POST'],
  ['/api/auth/logout', 'POST'],
  ['/api/auth/whoami', 'GET', 'HEAD'],
  ['/api/auth/check-auth', 'GET', 'HEAD'],
  ['/api/users/me', 'GET', 'HEAD'],
  ['/api/probe', 'GET', 'HEAD', 'POST'],
  ['/api/probe/some-id', 'GET', 'HEAD', 'PATCH', 'DELETE'],
  ['/api/probe/%2f?query=1', 'GET', 'HEAD', 'PATCH', 'DELETE']
]
const request = (line: string, ...headers: string[]) =>
  [line, 'Host: localhost', 'Connection: close', ...headers, '', ''].join('\r\n')

for (const [path, ...some] of paths) {
  t.test(`ASVS 13.4.4, 4.1.4: ${path} answers every other method with 405 and Allow`, async (t) => {
    const app = await build(t)
    const port = await listen(app)
    // More methods may be added to a path. Allow must include those above, and only methods that exist.
    const options = await app.inject({ method: 'OPTIONS', url: path })
    const allowed = `${options.headers['allow']}`.split(', ')
    t.equal(options.statusCode, 204)
    t.same(
      some.filter((method) => !allowed.includes(method)),
      []
    )
    for (const method of METHODS) {
      const reply = await app.inject({ method, url: path })
      if (allowed.includes(method)) t.notMatch([404, 405], reply.statusCode, `${method} is answered`)
      else {
        t.equal(reply.statusCode, 405, method)
        t.equal(reply.headers['allow'], allowed.join(', '))
        if (method !== 'HEAD') t.equal(reply.json().code, 'METHOD_NOT_ALLOWED')
      }
    }
    for (const method of ['TRACE', 'PROPFIND', 'PURGE']) {
      const [answer] = answersIn(await exchange(port, request(`${method} ${path} HTTP/1.1`)))
      t.equal(answer?.status, 405, method)
      t.match(answer?.body, '"code":"METHOD_NOT_ALLOWED"')
      t.match(answer?.head, `allow: ${allowed.join(', ').toLowerCase()}`)
    }
  })
}

t.test('ASVS 13.4.4: an unknown path is 404 for every method, including OPTIONS and TRACE', async (t) => {
  const app = await build(t)
  const port = await listen(app)
  for (const method of [...METHODS, 'OPTIONS' as const]) {
    const reply = await app.inject({ method, url: '/nowhere' })
    t.equal(reply.statusCode, 404, method)
    t.equal(reply.headers['allow'], undefined)
    if (method !== 'HEAD') t.equal(reply.json().code, 'NOT_FOUND')
  }
  for (const line of ['TRACE /nowhere HTTP/1.1', 'OPTIONS * HTTP/1.1', 'GET /Livez HTTP/1.1', 'GET /livez/ HTTP/1.1']) {
    t.match(answersIn(await exchange(port, request(line))), [{ status: 404, body: /"NOT_FOUND"/ }], line)
  }
})

t.test('a plain OPTIONS gets the same answer if CORS is configured', async (t) => {
  const app = await build(t, { CORS_API_ORIGINS: 'https://app.example' })
  for (const origin of [undefined, 'https://app.example', 'https://evil.example']) {
    const headers = origin === undefined ? {} : { origin }
    const reply = await app.inject({ method: 'OPTIONS', url: '/api/probe', headers })
    t.equal(reply.statusCode, 204, `${origin}`)
    t.equal(reply.headers['allow'], 'GET, HEAD, POST, OPTIONS')
    t.equal((await app.inject({ method: 'OPTIONS', url: '/nowhere', headers })).statusCode, 404)
  }
})

t.test('HEAD answers like GET without a body', async (t) => {
  const app = await build(t)
  const get = await app.inject({ method: 'GET', url: '/api/auth' })
  const head = await app.inject({ method: 'HEAD', url: '/api/auth' })
  t.equal(head.statusCode, 200)
  t.equal(head.body, '')
  t.equal(head.headers['content-length'], get.headers['content-length'])
  t.equal((await app.inject({ method: 'HEAD', url: '/api/users/me' })).statusCode, 401)
})

t.test('a method in a header or in the query is ignored', async (t) => {
  const app = await build(t)
  const headers = { 'x-http-method-override': 'DELETE', 'x-original-url': '/livez', 'x-rewrite-url': '/livez' }
  const reply = await app.inject({ method: 'POST', url: '/api/users/me?_method=GET', headers })
  t.equal(reply.statusCode, 405)
})

t.test('CONNECT closes the connection, Upgrade is ignored', async (t) => {
  const app = await build(t)
  const port = await listen(app)
  t.equal(await exchange(port, 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n'), '')
  const upgrades = [
    ['Connection: close, Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: eA=='],
    ['Connection: close, Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']
  ]
  for (const headers of upgrades) {
    const bytes = ['GET /livez HTTP/1.1', 'Host: localhost', ...headers, '', ''].join('\r\n')
    t.match(answersIn(await exchange(port, bytes)), [{ status: 200 }])
  }
})

t.test('a route that finds nothing is 404, not 405', async (t) => {
  const app = await build(t, { API_DOCS: 'true' })
  const reply = await app.inject({ method: 'GET', url: '/docs/static/nope' })
  t.equal(reply.statusCode, 404)
  t.equal(reply.json().code, 'NOT_FOUND')
})
