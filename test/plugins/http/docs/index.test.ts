import t, { type Test } from 'tap'
import { build } from '../../../build.ts'
import { buildWithRouteList } from '../../../route-list.ts'

type Operation = {
  summary?: string
  tags?: string[]
  parameters?: object[]
  requestBody?: object
  security?: Record<string, unknown>[]
  responses: Record<string, Reply | { $ref: string }>
}
type Reply = { description: string; content?: Record<string, { schema: object; examples?: Record<string, object> }> }
type Document = {
  openapi: string
  components: {
    schemas: Record<string, { required?: string[] }>
    responses: Record<string, Reply>
    securitySchemes: object
  }
  paths: Record<string, Record<string, Operation>>
}

/** The document, its operations by name, and the routes of the router. */
async function openDocs(t: Test) {
  const { app, routes } = await buildWithRouteList(t, { API_DOCS: 'true' })
  const reply = await app.inject({ method: 'GET', url: '/docs/json' })
  t.equal(reply.statusCode, 200)
  const document = reply.json<Document>()
  const named = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const)
  )
  /** The reply, written in place or by reference. */
  const replyOf = (reply: Reply | { $ref: string }) =>
    '$ref' in reply ? document.components.responses[reply.$ref.split('/').at(-1) ?? ''] : reply
  return { app, routes, document, replyOf, operations: new Map(named) }
}

t.test('ASVS 13.4.5: without API_DOCS there is no API reference', async (t) => {
  const app = await build(t)
  for (const url of ['/docs', '/docs/', '/docs/json', '/docs/yaml', '/docs/static/index.html', '/metrics']) {
    const reply = await app.inject({ method: 'GET', url })
    t.equal(reply.statusCode, 404, url)
    t.equal(reply.json().code, 'NOT_FOUND')
  }
})

t.test('the document lists exactly the routes of the router', async (t) => {
  const { document, operations, routes } = await openDocs(t)
  t.equal(document.openapi, '3.1.0')
  const ours = routes.filter(({ method, schema }) => !schema?.hide && method !== 'HEAD')
  const names = ours.map(({ method, url }) => `${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`)
  t.same([...operations.keys()].sort(), names.sort())
  t.ok(names.length > 10)
})

t.test('every operation has a summary and reply schemas', async (t) => {
  const { operations, replyOf } = await openDocs(t)
  for (const [name, { summary, tags, responses }] of operations) {
    t.ok(summary, `${name} has a summary`)
    t.match(tags, [/^[a-z]+$/], `${name} stands with others of its kind`)
    const statuses = Object.keys(responses)
    t.ok(
      statuses.some((status) => /^[12]/.test(status)),
      `${name} has a success`
    )
    for (const [status, reply] of Object.entries(responses))
      t.ok(replyOf(reply)?.description, `${name} ${status} is described`)
  }
})

t.test(
  'ASVS 8.2.1, 8.3.1: only guarded operations list security schemes, and they answer 401 without credentials',
  async (t) => {
    const { app, document, operations } = await openDocs(t)
    const schemes = [...app.strategies.keys()].sort()
    const others = app.sessionlessCredentials.map(({ openapi }) => openapi.name)
    t.same(Object.keys(document.components.securitySchemes).sort(), [...schemes, ...others].sort())
    const open = ['GET /livez', 'GET /readyz', 'GET /api/auth', 'GET /api/auth/check-auth']
    open.push('POST /api/auth/signup', 'POST /api/auth/login', 'POST /api/auth/token-refresh')
    // Their proof is in the body.
    open.push('POST /api/auth/second-factor', 'POST /api/auth/passkeys/challenge', 'POST /api/auth/passkeys/login')
    open.push('GET /api/auth/oidc', 'POST /api/auth/oidc/{provider}')
    open.push('POST /api/auth/oidc/login', 'POST /api/auth/oidc/signup')
    for (const [name, { security }] of operations) {
      if (open.includes(name)) {
        t.same(security ?? [], [], `${name} is open`)
        continue
      }
      const guards = (security ?? []).flatMap((one) => Object.keys(one)).filter((guard) => !others.includes(guard))
      t.same(guards.sort(), schemes, `${name} is guarded`)
      const [method, path = ''] = name.split(' ')
      const url = path.replaceAll(/\{\w+\}/g, 'x')
      const reply = await app.inject({ method: method as 'GET', url })
      t.equal(reply.statusCode, 401, `${name} is 401 for anonymous callers`)
      t.equal(reply.json().code, 'UNAUTHENTICATED')
    }
  }
)

t.test('failures share one schema, and each operation lists its codes', async (t) => {
  const { document, operations, replyOf } = await openDocs(t)
  t.same(Object.keys(document.components.schemas), ['Problem'])
  t.same(document.components.schemas['Problem']?.required, ['title', 'status', 'code', 'detail', 'requestId'])
  for (const [name, { responses }] of operations) {
    for (const [status, reply] of Object.entries(responses)) {
      if (status < '400' || name.endsWith('z')) continue
      const { schema, examples = {} } = replyOf(reply)?.content?.['application/problem+json'] ?? {}
      const codes = Object.keys(examples)
      t.ok(codes.length > 0, `${name} ${status} has codes`)
      t.match(schema, {
        allOf: [{ $ref: '#/components/schemas/Problem' }, { properties: { code: { enum: codes } } }]
      })
      for (const example of Object.values(examples)) t.match(example, { value: { status: Number(status) } })
    }
  }
})

/** Every object in this part of the document. */
function partsOf(part: unknown): Record<string, unknown>[] {
  if (typeof part !== 'object' || part === null) return []
  const own = Array.isArray(part) ? [] : [part as Record<string, unknown>]
  return [...own, ...Object.values(part).flatMap(partsOf)]
}

t.test('members with a default are optional', async (t) => {
  const { operations } = await openDocs(t)
  const parameters = partsOf([...operations.values()].map((operation) => operation.parameters ?? []))
  const optional = parameters.filter(({ schema }) => schema && Object.hasOwn(schema, 'default'))
  t.ok(optional.length > 0)
  for (const { name, required } of optional) t.equal(required, false, `${name}`)
  for (const { properties = {}, required = [] } of partsOf([...operations.values()].map((one) => one.requestBody))) {
    for (const [name, member] of Object.entries(properties as object))
      t.notOk(Object.hasOwn(member, 'default') && (required as string[]).includes(name), name)
  }
})

t.test('every published pattern means the same with and without the u flag', async (t) => {
  const { document } = await openDocs(t)
  const patterns = partsOf(document).flatMap(({ pattern }) => (typeof pattern === 'string' ? [pattern] : []))
  t.ok(patterns.length > 0)
  const texts = ['ada', 'Ada Lovelace', 'Zoë', '李', '😀', 'p{L}', '', '-', '0193f0a2-7d5b-7c3e-9a41-2f6b8c0d1e5f']
  for (const pattern of patterns) {
    const [plain, unicode] = [new RegExp(pattern), new RegExp(pattern, 'u')]
    for (const text of texts) t.equal(plain.test(text), unicode.test(text), `${pattern} ${text}`)
  }
})
