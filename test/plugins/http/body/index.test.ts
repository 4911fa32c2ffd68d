import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { build, logIn, signUp, transports } from '../../../build.ts'
import { answersIn, exchange, listen } from '../../platform/errors/raw.ts'

const URL = '/api/auth/login'
// The schema refuses this body, so a 400 shows that it was parsed as JSON.
const BODY = '{"unknown":1}'

const types: [type: string, status: number][] = [
  ['application/json', 400],
  ['APPLICATION/JSON', 400],
  ['application/json ; charset=utf-8', 400],
  ['application/json\t;charset=utf-8', 400],
  ['application/json; charset=utf-8', 400],
  ['application/json;', 400],
  ['application/jsonx', 415],
  ['application/json/extra', 415],
  ['application/json, text/plain', 415],
  ['text/plain, application/json', 415],
  ['xapplication/json', 415],
  ['application/problem+json', 415],
  ['application/merge-patch+json', 415],
  ['application/json-patch+json', 415],
  ['text/json', 415],
  ['text/plain', 415],
  ['text/plain; application/json', 415],
  ['application/x-www-form-urlencoded', 415],
  ['multipart/form-data; boundary=x', 415],
  ['application/octet-stream', 415],
  ['', 415]
]

for (const [type, status] of types) {
  t.test(`ASVS 3.5.1, 3.5.2: a body of the type "${type}" is ${status}`, async (t) => {
    const app = await build(t)
    const reply = await app.inject({ method: 'POST', url: URL, headers: { 'content-type': type }, payload: BODY })
    t.equal(reply.statusCode, status)
    t.equal(reply.json().code, status === 400 ? 'VALIDATION_FAILED' : 'UNSUPPORTED_MEDIA_TYPE')
  })
}

t.test('ASVS 3.5.2: a body without a type is 415', async (t) => {
  const app = await build(t)
  const reply = await app.inject({ method: 'POST', url: URL, payload: Buffer.from(BODY) })
  t.equal(reply.statusCode, 415)
  t.equal(reply.json().code, 'UNSUPPORTED_MEDIA_TYPE')
})

t.test('ASVS 4.2.1: a compressed body is 415 with every coding', async (t) => {
  const app = await build(t)
  for (const coding of ['gzip', 'br', 'deflate', 'zstd', 'identity', 'gzip, br', 'x']) {
    const headers = { 'content-type': 'application/json', 'content-encoding': coding }
    const reply = await app.inject({ method: 'POST', url: URL, headers, payload: BODY })
    t.equal(reply.statusCode, 415, coding)
    t.equal(reply.json().code, 'UNSUPPORTED_MEDIA_TYPE')
  }
})

for (const transport of transports) {
  t.test(`an empty JSON body counts as no body: logout by ${transport.kind} and a DELETE pass`, async (t) => {
    const app = await build(t)
    const { headers } = await logIn(app, 'ada', transport)
    const payload = { title: 'a', text: 'b' }
    const item = await app.inject({ method: 'POST', url: '/api/probe', headers, payload })
    const json = { ...headers, 'content-type': 'application/json' }

    const removal = await app.inject({ method: 'DELETE', url: `/api/probe/${item.json().id}`, headers: json })
    t.equal(removal.statusCode, 204)
    const logout = await app.inject({ method: 'POST', url: '/api/auth/logout', headers: json })
    t.equal(logout.statusCode, 204)
  })
}

// Types that a page may send without a preflight, other types, and invalid ones.
const ofEmpty = ['text/plain;charset=UTF-8', 'application/x-www-form-urlencoded', 'multipart/form-data', 'a, b', '']
for (const transport of transports) {
  t.test(
    `an empty body of any type counts as no body on every route: logout by ${transport.kind} and a DELETE pass`,
    async (t) => {
      const app = await build(t)
      const port = await listen(app)
      await signUp(app, 'ada')
      for (const type of ofEmpty) {
        const { headers } = await transport.logIn(app, 'ada')
        const payload = { title: 'a', text: 'b' }
        const item = await app.inject({ method: 'POST', url: '/api/probe', headers, payload })
        const typed = { ...headers, 'content-type': type }

        const url = `/api/probe/${item.json().id}`
        t.equal((await app.inject({ method: 'DELETE', url, headers: typed })).statusCode, 204, `DELETE ${type}`)
        const logout = await app.inject({ method: 'POST', url: '/api/auth/logout', headers: typed, payload: '' })
        t.equal(logout.statusCode, 204, `logout ${type}`)
      }
      // The end of the first chunk shows that it is empty.
      for (const type of ['text/plain', 'application/json', null]) {
        const { headers } = await transport.logIn(app, 'ada')
        const lines = Object.entries({ ...headers, ...(type && { 'content-type': type }) })
        const head = ['POST /api/auth/logout HTTP/1.1', 'Host: x', 'Connection: close', 'Transfer-Encoding: chunked']
        const sent = [...head, ...lines.map(([name, value]) => `${name}: ${value}`), '', '0', '', '']
        t.match(answersIn(await exchange(port, sent.join('\r\n'))), [{ status: 204 }], `chunked, ${type}`)
      }
    }
  )
}

t.test('ASVS 3.5.1: an empty body of any type logs nobody in: 400 with the pointer of the body', async (t) => {
  const app = await build(t)
  for (const type of ofEmpty) {
    for (const url of [URL, '/api/auth/signup']) {
      const reply = await app.inject({ method: 'POST', url, headers: { 'content-type': type }, payload: '' })
      t.match(reply.json(), { status: 400, code: 'VALIDATION_FAILED', errors: [{ pointer: '' }] }, `${url} ${type}`)
      t.equal(reply.headers['set-cookie'], undefined)
    }
  }
})

t.test('ASVS 3.5.1: a chunked body of another type is 415 at its first byte, and an unknown path is 404', async (t) => {
  const app = await build(t)
  const port = await listen(app)
  for (const [url, status] of [
    [URL, 415],
    ['/nowhere', 404]
  ] as const) {
    const head = [`POST ${url} HTTP/1.1`, 'Host: x', 'Content-Type: text/plain', 'Transfer-Encoding: chunked']
    // This body never ends.
    const socket = connect(port, '127.0.0.1')
    socket.write(`${head.join('\r\n')}\r\n\r\n1\r\n{\r\n`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    t.match(`${answer}`, `HTTP/1.1 ${status} `)
    socket.destroy()
    const whole = { method: 'POST' as const, url, headers: { 'content-type': 'text/plain' }, payload: BODY }
    t.equal((await app.inject(whole)).statusCode, status)
  }
})

t.test('an empty body is 400 with the pointer of the body if one is required', async (t) => {
  const app = await build(t)
  const headers = { 'content-type': 'application/json' }
  const reply = await app.inject({ method: 'POST', url: URL, headers, payload: '' })
  t.equal(reply.statusCode, 400)
  t.match(reply.json(), { code: 'VALIDATION_FAILED', errors: [{ pointer: '' }] })
})
