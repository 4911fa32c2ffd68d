import t from 'tap'
import { build, logIn, PASSWORD, signUp, transports } from '../../../build.ts'

const valid = {
  '/api/auth/signup': { username: 'ada', email: 'ada@example.com', name: 'Ada', password: PASSWORD },
  '/api/auth/login': { usernameOrEmail: 'eve', password: PASSWORD, authType: transports[0]?.kind }
}
const otherTypes = { null: null, number: 12345, true: true, array: ['ada'], object: { a: 1 }, 'empty object': {} }

t.test(
  'ASVS 2.2.1, 15.3.5: every member of a body has one type, and an error names the member with the wrong one',
  async (t) => {
    const app = await build(t)
    for (const [url, body] of Object.entries(valid)) {
      for (const name of Object.keys(body)) {
        for (const [what, value] of Object.entries({ ...otherTypes, 'empty text': '', missing: undefined })) {
          const payload = { ...body, [name]: value }
          const reply = await app.inject({ method: 'POST', url, payload })
          t.equal(reply.statusCode, 400, `${url} ${name}: ${what}`)
          t.equal(reply.json().code, 'VALIDATION_FAILED')
          t.equal(reply.json().errors[0].pointer, `/${name}`, `${url} ${name}: ${what}`)
        }
      }
    }
    for (const remember of [null, 'true', 1, 0, [], {}]) {
      const payload = { ...valid['/api/auth/login'], remember }
      const reply = await app.inject({ method: 'POST', url: '/api/auth/login', payload })
      t.equal(reply.statusCode, 400)
      t.equal(reply.json().errors[0].pointer, '/remember')
    }
    for (const authType of ['Cookie', 'session', 'jwt', '__proto__', 'constructor']) {
      const payload = { ...valid['/api/auth/login'], authType }
      const reply = await app.inject({ method: 'POST', url: '/api/auth/login', payload })
      t.equal(reply.statusCode, 400)
      t.equal(reply.json().errors[0].pointer, '/authType')
    }
    t.strictSame(await app.db.select().from(app.tables.users), [], 'nothing was stored')
  }
)

t.test('ASVS 8.2.3, 15.3.3: unknown members are rejected, so nobody can plant a value', async (t) => {
  const app = await build(t)
  const { id } = await signUp(app, 'eve')
  const before = await app.users.find(id)
  for (const [url, body] of Object.entries(valid)) {
    for (const name of ['id', 'passwordHash', 'usernameKey', 'role', 'isAdmin', 'createdAt', 'Username', 'user name']) {
      const reply = await app.inject({ method: 'POST', url, payload: { ...body, [name]: id } })
      t.equal(reply.statusCode, 400, `${url} ${name}`)
      t.equal(reply.json().code, 'VALIDATION_FAILED')
      t.equal(reply.json().errors[0].pointer, name === 'user name' ? '' : `/${name}`)
    }
  }
  t.strictSame(await app.users.find(id), before)
  t.equal((await app.db.select().from(app.tables.users)).length, 1)
  t.strictSame(await app.db.select().from(app.tables.sessions), [])
})

t.test('ASVS 2.2.1, 15.3.5: a body that is not an object is rejected', async (t) => {
  const app = await build(t)
  const headers = { 'content-type': 'application/json' }
  for (const url of Object.keys(valid)) {
    for (const payload of ['null', '[]', '"text"', '5', 'true', '']) {
      const reply = await app.inject({ method: 'POST', url, payload, headers })
      t.equal(reply.statusCode, 400, `${url} ${payload}`)
      t.equal(reply.json().code, 'VALIDATION_FAILED')
    }
    const none = await app.inject({ method: 'POST', url })
    t.equal(none.statusCode, 400, 'no body at all')
    t.equal(none.json().code, 'VALIDATION_FAILED')
  }
})

t.test(
  'ASVS 15.3.3: a call that reads no body accepts none or an empty object, and rejects anything else',
  async (t) => {
    const app = await build(t)
    for (const transport of transports) {
      const { headers: credential, sid } = await logIn(app, `ada-${transport.kind}`, transport)
      const send = (method: 'POST' | 'DELETE', url: string, payload?: string) => {
        const headers = payload === undefined ? credential : { ...credential, 'content-type': 'application/json' }
        return app.inject({ method, url, headers, ...(payload !== undefined && { payload }) })
      }
      const calls = [
        ['POST', '/api/auth/logout'],
        ['DELETE', `/api/auth/sessions/${sid}`],
        ['DELETE', '/api/auth/sessions'],
        ['DELETE', '/api/users/me']
      ] as const
      for (const [method, url] of calls) {
        for (const payload of ['{"everywhere":true}', '{"sid":"planted"}', '[]', 'null', '"text"', '5']) {
          const reply = await send(method, url, payload)
          t.match(reply.json(), { status: 400, code: 'VALIDATION_FAILED' }, `${method} ${url} ${payload}`)
          const member = /^\{"(\w+)"/.exec(payload)?.[1]
          t.equal(reply.json().errors[0].pointer, member === undefined ? '' : `/${member}`)
        }
        t.match((await send(method, url, '{')).json(), { status: 400, code: 'MALFORMED_JSON' })
      }
      t.equal((await app.inject({ method: 'GET', url: '/api/auth/whoami', headers: credential })).statusCode, 200)
      t.equal((await send('POST', '/api/auth/logout', '{}')).statusCode, 204)
      const again = await transport.logIn(app, `ada-${transport.kind}`)
      const { statusCode } = await app.inject({ method: 'DELETE', url: '/api/auth/sessions', headers: again.headers })
      t.equal(statusCode, 204, 'without a body')
    }
    const unknown = await app.inject({ method: 'POST', url: '/api/nothing', payload: { any: 'member' } })
    t.equal(unknown.statusCode, 404, 'where there is nothing, that is what is said')
  }
)
