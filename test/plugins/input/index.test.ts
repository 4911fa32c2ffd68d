import t from 'tap'
import { build, logIn, transports } from '../../build.ts'

const URL = '/api/auth/login'
// The schema refuses this body: 400 says that it was read as JSON.
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

t.test('ASVS 4.2.1: a compressed body is 415, whatever the coding', async (t) => {
  const app = await build(t)
  for (const coding of ['gzip', 'br', 'deflate', 'zstd', 'identity', 'gzip, br', 'x']) {
    const headers = { 'content-type': 'application/json', 'content-encoding': coding }
    const reply = await app.inject({ method: 'POST', url: URL, headers, payload: BODY })
    t.equal(reply.statusCode, 415, coding)
    t.equal(reply.json().code, 'UNSUPPORTED_MEDIA_TYPE')
  }
})

for (const transport of transports) {
  t.test(`an empty body with the JSON type is none: logout by ${transport.kind} and a DELETE pass`, async (t) => {
    const app = await build(t)
    const { headers } = await logIn(app, 'ada', transport)
    const payload = { title: 'a', text: 'b' }
    const note = await app.inject({ method: 'POST', url: '/api/notes', headers, payload })
    const json = { ...headers, 'content-type': 'application/json' }

    const removal = await app.inject({ method: 'DELETE', url: `/api/notes/${note.json().id}`, headers: json })
    t.equal(removal.statusCode, 204)
    const logout = await app.inject({ method: 'POST', url: '/api/auth/logout', headers: json })
    t.equal(logout.statusCode, 204)
  })
}

t.test('an empty body where one is needed is 400 with the pointer of the body', async (t) => {
  const app = await build(t)
  const headers = { 'content-type': 'application/json' }
  const reply = await app.inject({ method: 'POST', url: URL, headers, payload: '' })
  t.equal(reply.statusCode, 400)
  t.match(reply.json(), { code: 'VALIDATION_FAILED', errors: [{ pointer: '' }] })
})
