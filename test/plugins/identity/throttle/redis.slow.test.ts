import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { build, PASSWORD, signUp, transports } from '../../../build.ts'
import { startProxy } from '../../../proxy.ts'
import { noRedisProgram, startRedis } from '../../../redis.ts'
import { freshPostgresUri, waitUntil } from '../../../servers.ts'

const WRONG = 'not the right password'
const kind = transports[0]?.kind

function attempt(app: FastifyInstance, usernameOrEmail: string, password: string, from: string) {
  const headers = { 'x-forwarded-for': from }
  const payload = { usernameOrEmail, password, authType: kind }
  return app.inject({ method: 'POST', url: '/api/auth/login', payload, headers })
}

t.test('ASVS 14.2.7: a successful login leaves no counter in Redis', { skip: noRedisProgram }, async (t) => {
  const redis = await startRedis()
  const app = await build(t, { REDIS_URL: redis.url })
  const keys = () => redis.admin.keys('*throttle:*')
  await signUp(app, 'ada')
  for (let i = 0; i < 7; i++) t.equal((await attempt(app, 'ada', PASSWORD, '')).statusCode, 200)
  t.strictSame(await keys(), [])
  await attempt(app, 'ada', WRONG, '')
  t.equal((await keys()).length, 3)
  await attempt(app, 'ada', PASSWORD, '')
  t.match((await keys()).sort(), [/throttle:account:/, /throttle:address:/], 'those of the failure before')
})

t.test(
  'ASVS 6.1.1: with Redis the count survives a restart and applies to all replicas',
  { skip: noRedisProgram },
  async (t) => {
    const redis = await startRedis()
    const environment = { DB_URI: await freshPostgresUri(), REDIS_URL: redis.url }
    const first = await build(t, environment)
    const second = await build(t, { ...environment, SECRET_KEY: first.config.SECRET_KEY[0] ?? '' })
    await signUp(first, 'ada')
    for (let i = 0; i < 5; i++) t.equal((await attempt(i % 2 ? first : second, 'ada', WRONG, '')).statusCode, 401)
    t.equal((await attempt(first, 'ada', PASSWORD, '')).statusCode, 429)
    t.equal((await attempt(second, 'ada', PASSWORD, '')).statusCode, 429)
    await first.close()
    const third = await build(t, environment)
    t.equal((await attempt(third, 'ada', PASSWORD, '')).statusCode, 429)
  }
)

for (const how of ['killed', 'stopped'] as const) {
  t.test(`while Redis is ${how} each replica counts alone and allows less`, { skip: noRedisProgram }, async (t) => {
    const redis = await startRedis()
    const app = await build(t, { REDIS_URL: redis.url })
    await signUp(app, 'ada')
    t.equal((await attempt(app, 'ada', WRONG, '')).statusCode, 401)
    if (how === 'killed') await redis.stop()
    else redis.process.kill('SIGSTOP')
    t.teardown(() => redis.process.kill('SIGCONT'))
    const statuses = []
    const started = Date.now()
    for (let i = 0; i < 4; i++) statuses.push((await attempt(app, 'ada', WRONG, '')).statusCode)
    t.ok(Date.now() - started < 1500, `${Date.now() - started} ms`)
    t.strictSame(statuses, [401, 401, 401, 429])
    if (how === 'killed') await redis.start()
    else redis.process.kill('SIGCONT')
    await waitUntil(() => app.circuitBreaker?.isUp() === true, 'Redis is back')
    t.equal((await attempt(app, 'ada', PASSWORD, '')).statusCode, 200, 'the shared count holds again')
  })
}

t.test('while Redis is slow a login is counted locally, and never twice', { skip: noRedisProgram }, async (t) => {
  const redis = await startRedis()
  const proxy = await startProxy(t, redis.port)
  const app = await build(t, { REDIS_URL: `redis://127.0.0.1:${proxy.port}` })
  await signUp(app, 'ada')
  proxy.slow(150)

  t.equal((await attempt(app, 'ada', PASSWORD, '')).statusCode, 200)

  await proxy.open()
  await waitUntil(() => app.circuitBreaker?.isUp() === true, 'Redis is trusted again')
  const counts = async () => {
    const keys = (await app.redis?.keys('throttle:*')) ?? []
    return Promise.all(keys.map((key) => app.redis?.get(key)))
  }
  await waitUntil(async () => (await counts()).length === 0, 'what was counted is taken back')
})
