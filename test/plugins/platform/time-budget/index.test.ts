import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { sql } from '../../../../src/plugins/platform/db/drizzle.ts'
import timeBudget from '../../../../src/plugins/platform/time-budget/index.ts'
import { timeLeft } from '../../../../src/plugins/platform/time-budget/time-budget.ts'
import { build, PASSWORD, signUp, transports } from '../../../build.ts'
import { startProxy } from '../../../proxy.ts'
import { migratedPostgresUri } from '../../../servers.ts'
import { buildWithRoutes } from '../errors/app.ts'

const LIMIT_MS = 1500

async function buildOnProxy(t: Test) {
  const uri = new URL(await migratedPostgresUri())
  const proxy = await startProxy(t, Number(uri.port))
  uri.port = `${proxy.port}`
  return { proxy, app: await build(t, { DB_URI: uri.href }) }
}

t.test('ASVS 13.1.3: however many slow queries a request needs, it is answered within 1.5 s', async (t) => {
  const { app, proxy } = await buildOnProxy(t)
  await signUp(app, 'ada')
  // Each reply alone is in time, but not all of them together.
  proxy.slow(350)

  const payload = { username: 'grace', email: 'grace@example.com', name: 'Grace', password: PASSWORD }
  const login = { usernameOrEmail: 'ada', password: PASSWORD, authType: transports[0]?.kind }
  for (const [path, body] of [
    ['/api/auth/signup', payload],
    ['/api/auth/login', login]
  ] as const) {
    const begin = performance.now()
    const reply = await app.inject({ method: 'POST', url: path, payload: body })
    const ms = performance.now() - begin
    t.ok(ms < LIMIT_MS, `${path} took ${Math.round(ms)} ms`)
    t.equal(reply.statusCode, 503)
    t.equal(reply.json().code, 'SERVICE_UNAVAILABLE')
  }
  await proxy.open()
})

t.test('parallel queries of a route count once', async (t) => {
  const addReport = (app: FastifyInstance) => {
    const query = () => app.db.select({ slept: sql`pg_sleep(0.2)::text` }).from(app.tables.users)
    app.get('/report', async () => {
      const together = await Promise.all(Array.from({ length: 6 }, query))
      return { together: together.length, last: (await query()).length }
    })
  }
  const { app } = await buildWithRoutes(t, addReport, { DB_URI: await migratedPostgresUri() })
  await signUp(app, 'ada')

  const reply = await app.inject({ method: 'GET', url: '/report' })

  t.equal(reply.statusCode, 200)
  t.strictSame(reply.json(), { together: 6, last: 1 })
})

t.test('a request has its budget in every hook and handler, also with a body, until it is answered', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(timeBudget)
  app.addDependency('server', { isRemote: true, isUp: () => true, check: async () => {} })
  const seen: number[] = []
  const answered = Promise.withResolvers<void>()
  app.addHook('onRequest', async () => void seen.push(timeLeft(5000)))
  app.post('/', async () => {
    seen.push(timeLeft(5000))
    setTimeout(() => {
      seen.push(timeLeft(5000))
      answered.resolve()
    }, 50)
    return { left: timeLeft(5000) }
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })

  const headers = { 'content-type': 'application/json' }
  await (await fetch(url, { method: 'POST', headers, body: '{"a":1}' })).json()
  await answered.promise

  t.same(seen, [1000, 1000, 5000])
})
