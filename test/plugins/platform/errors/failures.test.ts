import type { InjectOptions } from 'fastify'
import t from 'tap'
import { build, transports } from '../../../build.ts'

// Whichever transport has not been removed.
const kind = transports[0]?.kind
const json = { 'content-type': 'application/json' }
const rows: [what: string, call: InjectOptions, status: number, code: string][] = [
  ['an unknown path', { method: 'GET', url: '/nowhere' }, 404, 'NOT_FOUND'],
  ['a path under a made-up suffix', { method: 'GET', url: '/api/users/me/x.css' }, 404, 'NOT_FOUND'],
  ['a method that the path has not', { method: 'DELETE', url: '/api/auth/login' }, 405, 'METHOD_NOT_ALLOWED'],
  ['a malformed address', { method: 'GET', url: '/api/probe/%zz' }, 400, 'MALFORMED_REQUEST'],
  ['a half character in the address', { method: 'GET', url: '/%C3' }, 400, 'MALFORMED_REQUEST'],
  ['an over-long parameter', { method: 'GET', url: `/api/probe/${'x'.repeat(101)}` }, 414, 'URI_TOO_LONG'],
  [
    'malformed JSON',
    { method: 'POST', url: '/api/auth/login', headers: json, payload: '{"a":' },
    400,
    'MALFORMED_JSON'
  ],
  ['a body that the schema refuses', { method: 'POST', url: '/api/auth/login', payload: {} }, 400, 'VALIDATION_FAILED'],
  ['no body where one is needed', { method: 'POST', url: '/api/auth/login' }, 400, 'VALIDATION_FAILED'],
  ['a query that the schema refuses', { method: 'GET', url: '/api/probe?limit=many' }, 401, 'UNAUTHENTICATED'],
  [
    'a body of another type',
    { method: 'POST', url: '/api/auth/login', headers: { 'content-type': 'text/plain' }, payload: 'x' },
    415,
    'UNSUPPORTED_MEDIA_TYPE'
  ],
  [
    'a body that is too large',
    { method: 'POST', url: '/api/auth/login', headers: json, payload: ' '.repeat(102_401) },
    413,
    'PAYLOAD_TOO_LARGE'
  ],
  ['a guarded route without a login', { method: 'GET', url: '/api/users/me' }, 401, 'UNAUTHENTICATED'],
  [
    'a wrong password',
    { method: 'POST', url: '/api/auth/login', payload: { usernameOrEmail: 'x', password: 'x', authType: kind } },
    401,
    'INVALID_CREDENTIALS'
  ]
]

for (const [what, call, status, code] of rows) {
  t.test(`ASVS 4.1.1, 16.5.1: ${what} is ${status} ${code} in the standard format, with all headers`, async (t) => {
    const app = await build(t)
    const reply = await app.inject(call)
    t.equal(reply.statusCode, status)
    const body = reply.json()
    t.match(body, { title: reply.statusMessage, status, code, detail: String, requestId: /^[\da-f-]{36}$/ })
    const members = ['title', 'status', 'code', 'detail', 'requestId']
    t.same(Object.keys(body), body.errors ? [...members, 'errors'] : members)
    t.match(reply.headers, {
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
      'x-content-type-options': 'nosniff',
      'strict-transport-security': 'max-age=31536000; includeSubDomains'
    })
    t.equal(reply.headers['www-authenticate'], status === 401 ? 'Bearer' : undefined)
    t.equal(reply.headers['set-cookie'], undefined)
  })
}
