import t from 'tap'
import Type from 'typebox'
import { build, logIn } from '../../../build.ts'
import { buildWithRoutes } from '../../platform/errors/app.ts'

t.test(
  'ASVS 15.3.5: members of a body are neither converted nor dropped, and the pointer names the invalid one',
  async (t) => {
    const app = await build(t)
    const { headers } = await logIn(app, 'ada')
    const rows: [body: unknown, pointer: string][] = [
      [{ title: 5, text: 'b' }, '/title'],
      [{ title: null, text: 'b' }, '/title'],
      [{ title: ['a'], text: 'b' }, '/title'],
      [{ title: true, text: 'b' }, '/title'],
      [{ title: '', text: 'b' }, '/title'],
      [{ title: 'x'.repeat(201), text: 'b' }, '/title'],
      [{ text: 'b' }, '/title'],
      [{ title: 'a' }, '/text'],
      [{ title: 'a', text: 'b', id: 'planted' }, '/id'],
      [{ title: 'a', text: 'b', userId: 'planted' }, '/userId'],
      [{ title: 'a', text: 'b', 'odd name': 1 }, ''],
      [[], ''],
      ['text', ''],
      [5, ''],
      [null, '']
    ]
    for (const [body, pointer] of rows) {
      const payload = JSON.stringify(body)
      const json = { ...headers, 'content-type': 'application/json' }
      const reply = await app.inject({ method: 'POST', url: '/api/probe', headers: json, payload })
      t.equal(reply.statusCode, 400, payload.slice(0, 40))
      t.match(reply.json(), { code: 'VALIDATION_FAILED', errors: [{ pointer }] })
      t.equal(reply.json().errors.length, 1)
      t.notMatch(reply.body, 'planted')
    }
    const list = await app.inject({ method: 'GET', url: '/api/probe', headers })
    t.same(list.json().items, [], 'nothing was written')
  }
)

t.test('ASVS 15.3.7: numbers of a query are converted, and a repeated parameter is refused', async (t) => {
  const app = await build(t)
  const { headers } = await logIn(app, 'ada')
  const rows: [query: string, status: number][] = [
    ['', 200],
    ['limit=5', 200],
    ['limit=0', 400],
    ['limit=101', 400],
    ['limit=100', 200],
    ['limit=1.5', 400],
    ['limit=0x5', 400],
    ['limit=%2B5', 400],
    ['limit=+5', 400],
    ['limit=1e1', 400],
    ['limit=5.0', 400],
    ['limit=5%20', 400],
    ['limit=-5', 400],
    ['limit=%D9%A5', 400],
    [`limit=${'9'.repeat(400)}`, 400],
    ['limit=many', 400],
    ['limit=', 400],
    ['limit=5&limit=6', 400],
    ['limit[]=5', 400],
    ['cursor=x', 400],
    ['cursor=%00', 400],
    ['unknown=1', 400]
  ]
  for (const [query, status] of rows) {
    const reply = await app.inject({ method: 'GET', url: `/api/probe?${query}`, headers })
    t.equal(reply.statusCode, status, query)
    if (status === 400) t.equal(reply.json().code, 'VALIDATION_FAILED')
  }
})

t.test('hostile JSON is a 400 and does not stop the server', async (t) => {
  const app = await build(t)
  const ada = await logIn(app, 'ada')
  const deep = (open: string, close: string, depth: number) => `${open.repeat(depth)}1${close.repeat(depth)}`
  const rows: [payload: string, code: string][] = [
    [deep('[', ']', 8000), 'VALIDATION_FAILED'],
    [deep('[', ']', 50_000), 'VALIDATION_FAILED'],
    [deep('{"a":', '}', 10_000), 'VALIDATION_FAILED'],
    [`{"title":${deep('[', ']', 8000)}}`, 'VALIDATION_FAILED'],
    ['{"__proto__":{"password":"x"}}', 'MALFORMED_JSON'],
    [`{"title":"\\u0000","text":"b"}`, 'VALIDATION_FAILED']
  ]
  for (const [payload, code] of rows) {
    const headers = { ...ada.headers, 'content-type': 'application/json' }
    const reply = await app.inject({ method: 'POST', url: '/api/probe', headers, payload })
    t.equal(reply.statusCode, 400, payload.slice(0, 30))
    t.equal(reply.json().code, code)
  }
  t.equal((await app.inject({ method: 'GET', url: '/livez' })).statusCode, 200)
})

t.test('a query accepts plain decimal numbers, `true`, and `false`', async (t) => {
  const { app } = await buildWithRoutes(t, (app) => {
    const querystring = Type.Object({
      count: Type.Optional(Type.Integer()),
      price: Type.Optional(Type.Number()),
      isNew: Type.Optional(Type.Boolean()),
      ids: Type.Optional(Type.Array(Type.Integer())),
      page: Type.Optional(Type.Union([Type.Integer(), Type.Literal('last')])),
      text: Type.Optional(Type.String())
    })
    app.get('/search', { schema: { querystring }, handler: async (request) => request.query })
  })
  const read: [query: string, value: object][] = [
    ['count=-7&price=0.50&isNew=true&text=1e1', { count: -7, price: 0.5, isNew: true, text: '1e1' }],
    ['ids=1&ids=2&isNew=false', { ids: [1, 2], isNew: false }],
    ['page=3', { page: 3 }],
    ['page=last', { page: 'last' }]
  ]
  for (const [query, value] of read)
    t.same((await app.inject({ method: 'GET', url: `/search?${query}` })).json(), value, query)
  const refused = [
    'price=1e1',
    'price=.5',
    'price=5.',
    'price=0x5',
    'price=Infinity',
    'price=',
    `price=${'9'.repeat(400)}`
  ]
  refused.push('isNew=1', 'isNew=TRUE', 'isNew=', 'isNew=yes', 'ids=1&ids=0x2', 'page=0x3', 'count=1&count=2')
  for (const query of refused) {
    const reply = await app.inject({ method: 'GET', url: `/search?${query}` })
    t.match(reply.json(), { status: 400, code: 'VALIDATION_FAILED' }, query)
  }
})
