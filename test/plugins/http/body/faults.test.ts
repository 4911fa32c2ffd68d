import t from 'tap'
import Type, { type TSchema } from 'typebox'
import { closed, Nullable, Time } from '../../../../src/plugins/http/schemas.ts'
import { build, PASSWORD, transports } from '../../../build.ts'
import { buildWithRoutes } from '../../platform/errors/app.ts'

type MemberError = { pointer: string; code: string; detail: string; [limit: string]: unknown }

/** Posts each value to a route with this schema, and gives the errors of its refusal. */
async function refusals(t: Parameters<typeof buildWithRoutes>[0], schema: TSchema, ...values: unknown[]) {
  const { app } = await buildWithRoutes(t, (app) => {
    app.post('/form', { schema: { body: schema } }, async () => ({}))
  })
  const headers = { 'content-type': 'application/json' }
  const post = async (value: unknown) => {
    const reply = await app.inject({ method: 'POST', url: '/form', headers, payload: JSON.stringify(value) })
    t.equal(reply.statusCode, 400, reply.body)
    return reply.json().errors as MemberError[]
  }
  return Promise.all(values.map(post))
}

const text = Type.String({ minLength: 3, maxLength: 5 })

t.test('every keyword of a schema has a code, its limit, and a sentence', async (t) => {
  const rows: [schema: TSchema, value: unknown, code: string, limit: object][] = [
    [text, 'ab', 'TOO_SHORT', { minLength: 3 }],
    [text, 'abcdef', 'TOO_LONG', { maxLength: 5 }],
    [text, 5, 'TYPE', { type: 'string' }],
    [Type.String({ minLength: 1 }), '', 'TOO_SHORT', { minLength: 1 }],
    [Type.String({ pattern: '^a$' }), 'b', 'FORMAT', {}],
    [Type.String({ format: 'uuid' }), 'b', 'FORMAT', { format: 'uuid' }],
    [Type.String({ format: 'idn-email', pattern: '@' }), 'b', 'FORMAT', { format: 'idn-email' }],
    [Time, 'tomorrow', 'FORMAT', { format: 'date-time' }],
    [Nullable(Time), 'tomorrow', 'FORMAT', { format: 'date-time' }],
    [Nullable(Time), 5, 'TYPE', { type: 'string' }],
    [Type.Integer({ minimum: 3 }), 2, 'TOO_SMALL', { minimum: 3 }],
    [Type.Integer({ maximum: 3 }), 4, 'TOO_LARGE', { maximum: 3 }],
    [Type.Integer(), 1.5, 'TYPE', { type: 'integer' }],
    [Type.Number({ exclusiveMinimum: 3 }), 3, 'TOO_SMALL', { exclusiveMinimum: 3 }],
    [Type.Number({ exclusiveMaximum: 3 }), 3, 'TOO_LARGE', { exclusiveMaximum: 3 }],
    [Type.Number({ multipleOf: 3 }), 4, 'NOT_ALLOWED', { multipleOf: 3 }],
    [Type.Enum(['a', 'b']), 'c', 'NOT_ALLOWED', { enum: ['a', 'b'] }],
    [Type.Literal('a'), 'c', 'NOT_ALLOWED', { const: 'a' }],
    [Type.Array(text, { minItems: 2 }), ['abc'], 'TOO_FEW', { minItems: 2 }],
    [Type.Array(text, { maxItems: 1 }), ['abc', 'abc'], 'TOO_MANY', { maxItems: 1 }],
    [Type.Array(text, { uniqueItems: true }), ['abc', 'abc'], 'NOT_ALLOWED', {}],
    [Type.Object({}, { minProperties: 1 }), {}, 'TOO_FEW', { minProperties: 1 }],
    [Type.Object({}, { maxProperties: 1 }), { a: 1, b: 2 }, 'TOO_MANY', { maxProperties: 1 }],
    [Type.Unsafe({ not: { type: 'string' } }), 'abc', 'INVALID', {}]
  ]
  const { app } = await buildWithRoutes(t, (app) => {
    for (const [i, [schema]] of rows.entries())
      app.post(`/form-${i}`, { schema: { body: Type.Object({ field: schema }) } }, async () => ({}))
  })
  for (const [i, [, field, code, limit]] of rows.entries()) {
    const reply = await app.inject({ method: 'POST', url: `/form-${i}`, payload: { field } })
    const [{ detail, ...error }, ...others] = reply.json().errors as [MemberError]
    t.same([error, ...others], [{ pointer: '/field', code, ...limit }], `${i}: ${reply.body}`)
    t.match(detail, /^[A-Z].*[^.]$/)
  }
})

t.test('all invalid members are reported at once, in the order of the schema, and one error each', async (t) => {
  const body = Type.Object(
    {
      name: text,
      at: Time,
      address: Type.Object({ city: text, zip: Type.Optional(text) }, closed),
      tags: Type.Array(Type.Object({ tag: text }, closed), { maxItems: 3 }),
      kind: Type.String({ default: 'plain' }),
      age: Type.Optional(Type.Integer())
    },
    closed
  )
  const valid = { name: 'abc', at: '2026-01-01T00:00:00Z', address: { city: 'abc' }, tags: [{ tag: 'abc' }] }
  const [all, nested, many] = await refusals(
    t,
    body,
    { '<b>': 1, at: 'x', age: 'old', role: 'admin', kind: 5 },
    { ...valid, address: { zip: 'a', country: 1 }, tags: [{ tag: 'abc' }, { tag: 'a' }, {}] },
    { ...valid, tags: [{ tag: 'abc' }, { tag: 'a' }, {}, {}], at: 5 }
  )
  const brief = (errors: MemberError[] = []) => errors.map(({ pointer, code }) => `${pointer} ${code}`)
  const missing = ['/name REQUIRED', '/at FORMAT', '/address REQUIRED', '/tags REQUIRED', '/kind TYPE', '/age TYPE']
  t.same(brief(all), [...missing, ' UNKNOWN_MEMBER', '/role UNKNOWN_MEMBER'])
  t.same(brief(nested), [
    ...['/address/city REQUIRED', '/address/zip TOO_SHORT', '/address/country UNKNOWN_MEMBER'],
    ...['/tags/1/tag TOO_SHORT', '/tags/2/tag REQUIRED']
  ])
  t.same(brief(many), ['/at TYPE', '/tags TOO_MANY'], 'a list that is too long is not searched')
})

t.test('a sign-up reports all of its fields, a taken name and a common password name theirs', async (t) => {
  const app = await build(t)
  const send = async (payload: object, url = '/api/auth/signup') =>
    (await app.inject({ method: 'POST', url, payload })).json()
  const ada = { username: 'ada', email: 'ada@example.com', name: 'Ada', password: PASSWORD }
  const invalid = { username: '-a-', email: 'ada', name: '\t', password: 'short' }
  t.match(await send(invalid), {
    errors: [
      { pointer: '/username', code: 'FORMAT', detail: 'Use letters and digits of any script, with . _ - between them' },
      { pointer: '/email', code: 'FORMAT', detail: 'This is not a valid email address', format: 'idn-email' },
      { pointer: '/name', code: 'FORMAT', detail: 'Use visible characters, and no control characters' },
      { pointer: '/password', code: 'TOO_SHORT', detail: 'Use at least 8 characters', minLength: 8 }
    ]
  })
  await send(ada)
  const eve = { ...ada, username: 'eve', email: 'eve@example.com' }
  const rows: [payload: object, pointer: string, code: string][] = [
    [{ ...eve, username: 'ADA' }, '/username', 'USERNAME_TAKEN'],
    [{ ...eve, email: 'Ada@example.com' }, '/email', 'EMAIL_TAKEN'],
    [{ ...eve, password: 'password' }, '/password', 'PASSWORD_TOO_COMMON']
  ]
  for (const [payload, pointer, code] of rows) {
    const { detail, errors, ...problem } = await send(payload)
    t.match(problem, { code })
    t.same(errors, [{ pointer, code, detail }])
  }
  for (const transport of transports) {
    const { headers } = await transport.logIn(app, 'ada')
    const reply = await app.inject({
      method: 'PUT',
      url: '/api/users/me/password',
      headers,
      payload: { currentPassword: PASSWORD, newPassword: 'password' }
    })
    t.match(reply.json(), { status: 422, errors: [{ pointer: '/newPassword', code: 'PASSWORD_TOO_COMMON' }] })
    const renamed = { method: 'PATCH', url: '/api/users/me', headers } as const
    t.match((await app.inject({ ...renamed, payload: {} })).json(), { errors: [{ pointer: '', code: 'TOO_FEW' }] })
    t.match((await app.inject({ ...renamed, payload: { name: '', role: 1 } })).json(), {
      errors: [
        { pointer: '/name', code: 'TOO_SHORT' },
        { pointer: '/role', code: 'UNKNOWN_MEMBER' }
      ]
    })
  }
})

t.test('ASVS 16.5.1: the errors repeat no rejected value, and are at most 20', async (t) => {
  const names = Array.from({ length: 30 }, (_, i) => `field${i}`)
  const fields = Object.fromEntries(names.map((name) => [name, Type.String({ maxLength: 3, pattern: '^a' })]))
  const body = Type.Object({ ...fields, list: Type.Optional(Type.Array(Type.Integer())) }, closed)
  const filled = (value: unknown) => Object.fromEntries(names.map((name) => [name, value]))
  const hostile = [
    {},
    filled('hunter2'),
    filled('hun'),
    filled(['hunter2']),
    { ...filled('abc'), list: new Array(1000).fill('hunter2') },
    { ...filled('abc'), ...Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`<hunter2 ${i}>`, i])) }
  ]
  for (const errors of await refusals(t, body, ...hostile)) {
    t.equal(errors.length, 20)
    t.notMatch(JSON.stringify(errors), /hun/)
  }
})

t.test('times become dates only in a valid body, whichever branch of a union they are in', async (t) => {
  const seen: unknown[] = []
  const branch = (kind: string) => Type.Object({ at: Time, kind: Type.Literal(kind) }, closed)
  const { app } = await buildWithRoutes(t, (app) => {
    const body = Type.Object({ event: Type.Union([branch('a'), branch('b')]), at: Time, name: text }, closed)
    app.post('/events', { schema: { body } }, async (request) => void seen.push(request.body))
  })
  const at = '2026-01-01T00:00:00.000Z'
  const send = (name: string) =>
    app.inject({ method: 'POST', url: '/events', payload: { event: { at, kind: 'b' }, at, name } })
  const refused = await send('a')
  t.match(refused.json(), { errors: [{ pointer: '/name', code: 'TOO_SHORT' }] })
  t.equal(refused.json().errors.length, 1)
  t.equal((await send('abc')).statusCode, 200)
  t.same(seen, [{ event: { at: new Date(at), kind: 'b' }, at: new Date(at), name: 'abc' }])
})

t.test('a schema with references within itself reports its first fault', async (t) => {
  const name = { $ref: '#/definitions/name' }
  const node = Type.Unsafe<object>({
    type: 'object',
    definitions: { name: { type: 'string' } },
    properties: { name, nickname: name }
  })
  const [errors] = await refusals(t, node, { name: 5, nickname: 6 })
  t.match(errors, [{ pointer: '/name', code: 'TYPE' }])
  t.equal(errors?.length, 1)
})

t.test('an invalid query names its parameters', async (t) => {
  const { app } = await buildWithRoutes(t, (app) => {
    const querystring = Type.Object({ limit: Type.Integer({ maximum: 9 }), from: Type.Optional(Time) }, closed)
    app.get('/search', { schema: { querystring } }, async () => ({}))
  })
  const reply = await app.inject({ method: 'GET', url: '/search?limit=10&from=x&more=1' })
  t.match(reply.json().errors, [
    { pointer: '/limit', code: 'TOO_LARGE', maximum: 9 },
    { pointer: '/from', code: 'FORMAT', format: 'date-time' },
    { pointer: '/more', code: 'UNKNOWN_MEMBER' }
  ])
})
