import { connect } from 'node:net'
import t from 'tap'
import { build } from '../../../build.ts'
import { waitUntil } from '../../../servers.ts'
import { answersIn, exchange, listen } from './raw.ts'

const app = await build(t)
app.log.level = 'silent'
const port = await listen(app)

const request = (line: string, ...headers: string[]) => `${[line, ...headers].join('\r\n')}\r\n\r\n`
const host = 'Host: localhost'
const login = 'POST /api/auth/login HTTP/1.1'
const json = 'Content-Type: application/json'
const chunked = 'Transfer-Encoding: chunked'
const GOOD = request('GET /livez HTTP/1.1', host, 'Connection: close')

const malformed: [what: string, bytes: string | Buffer][] = [
  ['content length, then chunked', `${request(login, host, json, 'Content-Length: 4', chunked)}0\r\n\r\n`],
  ['chunked, then content length', `${request(login, host, json, chunked, 'Content-Length: 4')}0\r\n\r\n`],
  ['two equal lengths', `${request(login, host, json, 'Content-Length: 2', 'Content-Length: 2')}{}`],
  ['two different lengths', `${request(login, host, json, 'Content-Length: 2', 'Content-Length: 3')}{} `],
  ['a length with a sign', `${request(login, host, json, 'Content-Length: +2')}{}`],
  ['a negative length', `${request(login, host, json, 'Content-Length: -2')}{}`],
  ['a length in hex', `${request(login, host, json, 'Content-Length: 0x2')}{}`],
  ['a list of lengths', `${request(login, host, json, 'Content-Length: 2, 2')}{}`],
  ['an unknown transfer coding', `${request(login, host, json, 'Transfer-Encoding: gold')}{}`],
  ['a misspelt transfer coding', `${request(login, host, json, 'Transfer-Encoding: chunke')}0\r\n\r\n`],
  ['chunked twice', `${request(login, host, json, chunked, chunked)}0\r\n\r\n`],
  ['chunked not last', `${request(login, host, json, 'Transfer-Encoding: chunked, gzip')}0\r\n\r\n`],
  ['a space before the colon', request('GET /livez HTTP/1.1', host, 'Accept : */*')],
  ['bare line feeds', `GET /livez HTTP/1.1\n${host}\n\n`],
  ['a bare carriage return', `GET /livez HTTP/1.1\r\n${host}\r\nAccept: a\rb\r\n\r\n`],
  ['a folded line', request('GET /livez HTTP/1.1', host, 'Accept: a', ' b')],
  ['NUL in a value', request('GET /livez HTTP/1.1', host, 'Accept: a\0b')],
  ['a control character in a value', request('GET /livez HTTP/1.1', host, 'Accept: a\x01b')],
  ['a control character in a name', request('GET /livez HTTP/1.1', host, 'Acc\x01ept: a')],
  ['NUL in the address', request('GET /livez\0 HTTP/1.1', host)],
  ['an unknown method', request('BREW /livez HTTP/1.1', host)],
  ['another version', request('GET /livez HTTP/3.1', host)],
  ['no HTTP at all', 'hello\r\n\r\n'],
  ['TLS', Buffer.from('16030100a5010000a10303', 'hex')],
  ['a chunk size that is too big', `${request(login, host, json, chunked)}fffffffffffffffff\r\n{}\r\n0\r\n\r\n`],
  ['a negative chunk size', `${request(login, host, json, chunked)}-2\r\n{}\r\n0\r\n\r\n`],
  ['garbage for a chunk size', `${request(login, host, json, chunked)}zz\r\n{}\r\n0\r\n\r\n`],
  ['a chunk longer than its size', `${request(login, host, json, chunked)}1\r\n{}{}\r\n0\r\n\r\n`],
  ['no Host', request('GET /livez HTTP/1.1', 'Connection: close')],
  ['two Host', request('GET /livez HTTP/1.1', host, 'Host: evil.example', 'Connection: close')],
  ['two equal Host', request('GET /livez HTTP/1.1', host, host, 'Connection: close')]
]

for (const [what, bytes] of malformed) {
  t.test(`ASVS 4.2.1: ${what}: one 400 or a closed connection, and the server keeps running`, async (t) => {
    const answers = answersIn(await exchange(port, bytes))
    t.equal(answers.length, 1, 'one answer')
    for (const { status, head, body } of answers) {
      t.equal(status, 400)
      t.match(JSON.parse(body), { status: 400, code: 'MALFORMED_REQUEST', title: 'Bad Request', requestId: String })
      t.match(head, 'content-type: application/problem+json; charset=utf-8')
      for (const name of ['cache-control: no-store', 'x-content-type-options: nosniff']) t.match(head, name)
    }
    t.match(answersIn(await exchange(port, GOOD)), [{ status: 200 }])
  })
}

t.test('ASVS 4.2.1, 16.5.1: headers that are too large are 431, and an unknown Expect is 417', async (t) => {
  const rows: [bytes: string, status: number, code: string][] = [
    [request('GET /livez HTTP/1.1', host, `X-Large: ${'x'.repeat(20_000)}`), 431, 'HEADERS_TOO_LARGE'],
    [request(`GET /${'x'.repeat(20_000)} HTTP/1.1`, host), 431, 'HEADERS_TOO_LARGE'],
    [request(login, host, json, 'Expect: gold', 'Content-Length: 2'), 417, 'EXPECTATION_FAILED']
  ]
  for (const [bytes, status, code] of rows) {
    const [answer, ...more] = answersIn(await exchange(port, bytes))
    t.equal(answer?.status, status)
    t.match(JSON.parse(answer?.body ?? ''), { status, code })
    t.match(answer?.head, 'cache-control: no-store')
    t.same(more, [])
  }
})

t.test('Expect: 100-continue is supported', async (t) => {
  const head = request(login, host, json, 'Expect: 100-continue', 'Content-Length: 2', 'Connection: close')
  t.match(answersIn(await exchange(port, head, '{}')), [{ status: 100 }, { status: 400, body: /VALIDATION_FAILED/ }])
})

t.test('ASVS 15.2.2: a body over the limit is 413, even if it is chunked', async (t) => {
  const part = `1000\r\n${' '.repeat(4096)}\r\n`
  const rows = [
    [request(login, host, json, 'Content-Length: 102401')],
    [request(login, host, json, chunked), part.repeat(26), '0\r\n\r\n']
  ]
  for (const parts of rows) {
    const [answer, ...more] = answersIn(await exchange(port, ...parts))
    t.equal(answer?.status, 413)
    t.match(answer?.body, '"code":"PAYLOAD_TOO_LARGE"')
    t.same(more, [])
  }
})

t.test('a malformed request after an answered one on the same connection is answered', async (t) => {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.write(request('GET /livez HTTP/1.1', host))
  await waitUntil(() => answersIn(text).length === 1, 'the first answer')
  socket.write('GET\r\n\r\n')
  await waitUntil(() => socket.closed, 'the connection is closed')
  t.match(answersIn(text), [{ status: 200 }, { status: 400, body: /MALFORMED_REQUEST/ }])
  t.equal(answersIn(text).length, 2)
})

t.test('a malformed request does not harm the reply to an earlier one', async (t) => {
  const answers = answersIn(await exchange(port, `${request('GET /readyz HTTP/1.1', host)}GET\r\n\r\n`))
  t.match(answers, [{ status: 200, head: /connection: close/ }])
  t.equal(answers.length, 1)
})

t.test('a request that ends early leaves nothing behind', async (t) => {
  const socket = connect(port, '127.0.0.1')
  socket.end(request(login, host, json, 'Content-Length: 100'))
  socket.resume()
  await waitUntil(() => socket.closed, 'the connection is closed')
  t.match(answersIn(await exchange(port, GOOD)), [{ status: 200 }])
})
