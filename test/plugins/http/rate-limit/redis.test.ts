import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { build } from '../../../build.ts'
import { noRedis, noRedisProgram, redisUrl, startRedis } from '../../../redis.ts'
import { waitUntil } from '../../../servers.ts'

/** A new client address each time, because other tests use the same Redis. */
const newClient = () => `2001:db8:${randomUUID().slice(0, 4)}:${randomUUID().slice(0, 4)}::1`
const ask = (app: FastifyInstance, remoteAddress: string) =>
  app.inject({ method: 'GET', url: '/api/auth', remoteAddress })

t.test('RATE_LIMIT_SHARED shares one count among all replicas', { skip: noRedis }, async (t) => {
  const settings = { REDIS_URL: await redisUrl(), RATE_LIMIT_SHARED: 'true', RATE_LIMIT_MAX: '3' }
  const apps = [await build(t, settings), await build(t, settings)] as const
  const client = newClient()
  for (const [i, app] of [apps[0], apps[1], apps[0]].entries()) {
    const reply = await ask(app, client)
    t.equal(reply.statusCode, 200)
    t.equal(reply.headers['ratelimit-remaining'], `${2 - i}`)
  }
  const reply = await ask(apps[1], client)
  t.equal(reply.statusCode, 429)
  t.equal(reply.json().code, 'RATE_LIMITED')
  t.match(reply.headers['retry-after'], /^\d+$/)
})

t.test('without RATE_LIMIT_SHARED each replica counts on its own', { skip: noRedis }, async (t) => {
  const settings = { REDIS_URL: await redisUrl(), RATE_LIMIT_MAX: '1' }
  const client = newClient()
  for (const app of [await build(t, settings), await build(t, settings)]) {
    t.equal((await ask(app, client)).statusCode, 200)
    t.equal((await ask(app, client)).statusCode, 429)
  }
})

t.test(
  'while Redis is down, each replica counts on its own, and afterwards they share one count again',
  { skip: noRedisProgram },
  async (t) => {
    const redis = await startRedis()
    const settings = { REDIS_URL: redis.url, RATE_LIMIT_SHARED: 'true', RATE_LIMIT_MAX: '2' }
    const apps = [await build(t, settings), await build(t, settings)] as const
    const client = newClient()
    await redis.stop()

    for (const app of apps) {
      t.equal((await ask(app, client)).statusCode, 200)
      t.equal((await ask(app, client)).statusCode, 200)
      const reply = await ask(app, client)
      t.equal(reply.statusCode, 429)
      t.equal(reply.json().code, 'RATE_LIMITED')
    }

    await redis.start()
    for (const app of apps) await waitUntil(() => app.circuitBreaker?.isUp() === true, 'Redis is trusted again')
    const other = newClient()
    t.equal((await ask(apps[0], other)).statusCode, 200)
    t.equal((await ask(apps[1], other)).statusCode, 200)
    t.equal((await ask(apps[0], other)).statusCode, 429)
  }
)

t.test('a silent Redis is noticed, and each replica counts on its own', { skip: noRedisProgram }, async (t) => {
  const redis = await startRedis()
  const app = await build(t, { REDIS_URL: redis.url, RATE_LIMIT_SHARED: 'true', RATE_LIMIT_MAX: '2' })
  const client = newClient()
  redis.process.kill('SIGSTOP')

  t.equal((await ask(app, client)).statusCode, 200)
  await waitUntil(() => app.circuitBreaker?.isUp() === false, 'the silence is noticed')
  t.equal((await ask(app, client)).statusCode, 200)
  t.equal((await ask(app, client)).statusCode, 429)

  redis.process.kill('SIGCONT')
  await waitUntil(() => app.circuitBreaker?.isUp() === true, 'Redis is trusted again')
  t.equal((await ask(app, newClient())).statusCode, 200)
})
