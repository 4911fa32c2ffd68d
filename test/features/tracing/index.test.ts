import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { FastifyOtelInstrumentation } from '@fastify/otel'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import t from 'tap'
import { build, buildWithLog, logIn, PASSWORD, signUp, transports } from '../../build.ts'
import { buildWithRoutes } from '../../plugins/platform/errors/app.ts'
import { freePort, migratedPostgresUri, waitUntil } from '../../servers.ts'
import { startCollector } from './collector.ts'

const SERVER = 2
const CLIENT = 3

t.test('a request creates a span with its method, route pattern, status, and request id', async (t) => {
  const collector = await startCollector(t)
  const { app, lines } = await buildWithLog(t, { OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/` })
  const { headers } = await logIn(app, 'ada')
  await app.inject({ method: 'GET', url: '/api/users/me', headers })
  await app.inject({ method: 'DELETE', url: '/api/auth/sessions/01890a5d-ac96-774b-bcce-b302099a8057', headers })
  await app.inject({ method: 'PUT', url: '/no/such/path' })
  for (const url of ['/livez', '/readyz']) await app.inject({ method: 'GET', url })
  await app.close()

  t.ok(collector.paths.length > 0)
  t.same(new Set(collector.paths), new Set(['/v1/traces']))
  t.equal(collector.resource()['service.name'], 'fastify-minimal-starter')
  const spans = collector.spans()
  t.same(
    spans.map(({ name }) => name),
    [
      'POST /api/auth/signup',
      'POST /api/auth/login',
      ...(transports[0]?.kind === 'cookie' ? ['GET /api/auth/whoami'] : []),
      'GET /api/users/me',
      'DELETE /api/auth/sessions/:id',
      'PUT'
    ],
    'all but the probes'
  )
  const [me] = spans.filter(({ name }) => name === 'GET /api/users/me')
  t.equal(me?.kind, SERVER)
  const { requestId } = lines.find(({ route }) => route === '/api/users/me') ?? {}
  t.strictSame(me?.attributes, {
    'http.request.method': 'GET',
    'http.route': '/api/users/me',
    'http.response.status_code': 200,
    'request.id': requestId
  })
  t.match(spans.at(-1)?.attributes, { 'http.response.status_code': 404 })
})

t.test(
  'ASVS 14.2.1, 16.2.5: spans contain no user input and no error messages, and only a 5xx is an error',
  async (t) => {
    const collector = await startCollector(t)
    const { app } = await buildWithRoutes(
      t,
      (app) =>
        app.get('/broken', async () => {
          throw new Error('hunter2 in a text')
        }),
      { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
    )
    await signUp(app, 'hunter2')
    const payload = { usernameOrEmail: 'hunter2', password: 'not hunter2', authType: transports[0]?.kind }
    await app.inject({ method: 'POST', url: '/api/auth/login', payload })
    await app.inject({
      method: 'GET',
      url: '/api/users/me?hunter2=hunter2',
      headers: { authorization: 'Bearer hunter2' }
    })
    await app.inject({ method: 'GET', url: '/hunter2', headers: { cookie: 'sid=hunter2', tracestate: 'a=hunter2' } })
    await app.inject({ method: 'GET', url: '/broken' })
    await app.close()

    const sent = collector.bodies.join()
    t.notMatch(sent, /hunter2/)
    t.notMatch(sent, new RegExp(PASSWORD))
    const statuses = collector
      .spans()
      .map(({ attributes, status }) => [attributes['http.response.status_code'], status])
    t.match(statuses, [
      [201, { code: 0 }],
      [401, { code: 0 }],
      [401, { code: 0 }],
      [404, { code: 0 }],
      [500, { code: 2 }]
    ])
  }
)

t.test('queries of a request to PostgreSQL are spans within its span', async (t) => {
  const collector = await startCollector(t)
  const app = await build(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, DB_URI: await migratedPostgresUri() })
  const { headers } = await logIn(app, 'ada')
  await app.inject({ method: 'PATCH', url: '/api/users/me', headers, payload: { name: 'Ada King' } })
  await app.close()

  const spans = collector.spans()
  const inside = (name: string) => {
    const request = spans.find((span) => span.name === name)
    return spans.filter((span) => span.traceId === request?.traceId && span.parentSpanId === request?.spanId)
  }
  t.match(
    inside('PATCH /api/users/me').find(({ name }) => name === 'update users'),
    {
      kind: CLIENT,
      attributes: { 'db.system.name': 'postgresql', 'db.operation.name': 'update', 'db.collection.name': 'users' }
    },
    'after its body was read, too'
  )
  t.ok(inside('POST /api/auth/login').some(({ name }) => name === 'transaction'))
  const requests = spans.filter(({ kind }) => kind === SERVER).map(({ spanId }) => spanId)
  t.ok(
    spans.filter(({ kind }) => kind === CLIENT).every(({ parentSpanId }) => requests.includes(parentSpanId ?? '')),
    'and none for what the service asks by itself'
  )
  t.notMatch(collector.bodies.join(), /Ada King|select \*|\$1/)
})

t.test('the trace of a caller is continued only if a proxy is trusted', async (t) => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  for (const [TRUST_PROXY, isContinued] of [
    ['', false],
    ['127.0.0.1', true]
  ] as const) {
    const collector = await startCollector(t)
    const app = await build(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, TRUST_PROXY })
    await app.inject({ method: 'GET', url: '/api/auth', headers: { traceparent } })
    await app.close()
    const [span] = collector.spans()
    t.equal(span?.traceId === traceparent.split('-')[1], isContinued, `TRUST_PROXY=${TRUST_PROXY}`)
  }
})

t.test('a missing collector causes one log line, and a silent one delays neither replies nor shutdown', async (t) => {
  const quick = { OTEL_BSP_SCHEDULE_DELAY: '50', OTEL_EXPORTER_OTLP_TIMEOUT: '200' }
  Object.assign(process.env, quick)
  t.teardown(() => {
    for (const name of Object.keys(quick)) delete process.env[name]
  })
  const absent = await buildWithLog(t, { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` })
  const told = () => absent.lines.filter(({ dependency }) => dependency === 'traces')
  for (let i = 0; i < 3; i++) {
    t.equal((await absent.app.inject({ method: 'GET', url: '/api/auth' })).statusCode, 200)
    await waitUntil(() => told().length > 0, 'it is said')
  }
  await absent.app.close()
  t.match(told(), [{ event: 'dependency_down', level: 'error', msg: 'could not export traces' }])
  t.equal(told().length, 1)

  const silent = createServer().listen(0, '127.0.0.1')
  t.teardown(() => silent.close())
  await waitUntil(() => silent.listening, 'it listens')
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  const app = await build(t, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })
  await app.inject({ method: 'GET', url: '/api/auth' })
  const begin = performance.now()
  await app.close()
  t.ok(performance.now() - begin < 8000, 'not the ten seconds that the exporter waits')
})

t.test('a process that already uses @fastify/otel keeps its own tracing', async (t) => {
  const exporter = new InMemorySpanExporter()
  const own = new FastifyOtelInstrumentation({ registerOnInitialization: true })
  own.setTracerProvider(new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
  t.teardown(() => own.disable())
  const collector = await startCollector(t)
  const app = await build(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  t.equal((await app.inject({ method: 'GET', url: '/api/auth' })).statusCode, 200)
  await app.close()
  t.ok(exporter.getFinishedSpans().length > 0)
  t.same(collector.bodies, [])
})
