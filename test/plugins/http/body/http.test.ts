import t from 'tap'
import { build } from '../../../build.ts'
import { answersIn, exchange, listen } from '../../platform/errors/raw.ts'

const app = await build(t)
const port = await listen(app)
const request = (line: string, ...headers: string[]) => `${[line, ...headers].join('\r\n')}\r\n\r\n`
const host = 'Host: localhost'
const close = 'Connection: close'
const login = 'POST /api/auth/login HTTP/1.1'
const json = 'Content-Type: application/json'

// Unusual but well-formed HTTP also gets defined replies.
const rows: [what: string, parts: string[], ...statuses: number[]][] = [
  [
    'an absolute target for another host is its path',
    [request('GET http://evil.example/api/auth HTTP/1.1', host, close)],
    200
  ],
  ['1.0 without Host', [request('GET /api/auth HTTP/1.0')], 200],
  ['an empty Host', [request('GET /api/auth HTTP/1.1', 'Host:', close)], 200],
  ['version 2.0 on a plain socket', [request('PRI * HTTP/2.0'), 'SM\r\n\r\n'], 400],
  ['a GET with a body', [`${request('GET /api/auth HTTP/1.1', host, close, json, 'Content-Length: 2')}{}`], 200],
  [
    'chunk extensions',
    [`${request(login, host, close, json, 'Transfer-Encoding: chunked')}2;a=b\r\n{}\r\n0\r\n\r\n`],
    400
  ],
  [
    'trailers',
    [`${request(login, host, close, json, 'Transfer-Encoding: chunked')}2\r\n{}\r\n0\r\nX-A: b\r\n\r\n`],
    400
  ],
  ['an empty JSON body', [request('POST /api/auth/logout HTTP/1.1', host, close, json, 'Content-Length: 0')], 401],
  ['one byte at a time', [...request('GET /api/auth HTTP/1.1', host, close)], 200],
  [
    'pipelined requests with bodies, answered in order',
    [
      `${request(login, host, json, 'Content-Length: 2')}{}`,
      `${request('POST /nowhere HTTP/1.1', host, json, 'Content-Length: 3')}{ }`,
      request('GET /api/auth HTTP/1.1', host, close)
    ],
    400,
    404,
    200
  ]
]

for (const [what, parts, ...statuses] of rows) {
  t.test(`${what}: ${statuses.join(', ')}`, async (t) => {
    const answers = answersIn(await exchange(port, ...parts))
    t.same(
      answers.map(({ status }) => status),
      statuses
    )
    for (const { status, head, body } of answers) {
      t.match(head, 'x-content-type-options: nosniff')
      if (status >= 400) t.match(JSON.parse(body), { status, code: String, requestId: String })
    }
  })
}
