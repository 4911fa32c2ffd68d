import t from 'tap'
import { build, logIn, transports } from '../../../build.ts'
import { noRedisProgram, startRedis } from '../../../redis.ts'
import { waitUntil } from '../../../servers.ts'

t.test('/readyz is 200 and degraded without Redis', { skip: noRedisProgram }, async (t) => {
  const redis = await startRedis()
  const app = await build(t, { REDIS_URL: redis.url })
  const up = await app.inject({ method: 'GET', url: '/readyz' })
  t.same([up.statusCode, up.json()], [200, { status: 'ok', checks: { database: 'up', redis: 'up' } }])
  await redis.stop()
  await waitUntil(() => app.circuitBreaker?.isUp() === false, 'the loss is noticed')
  const down = await app.inject({ method: 'GET', url: '/readyz' })
  t.same([down.statusCode, down.json()], [200, { status: 'degraded', checks: { database: 'up', redis: 'down' } }])
})

t.test('/readyz is 200 and degraded while Redis refuses writes', { skip: noRedisProgram }, async (t) => {
  const redis = await startRedis()
  const app = await build(t, { REDIS_URL: redis.url })
  const token = transports.find(({ kind }) => kind === 'token')
  const { headers } = await logIn(app, 'ada', token)
  const readyz = async () => (await app.inject({ method: 'GET', url: '/readyz' })).json()
  t.equal((await readyz()).status, 'ok')
  await redis.admin.config('SET', 'maxmemory-policy', 'noeviction')
  await redis.admin.config('SET', 'maxmemory', '1')

  await waitUntil(async () => (await readyz()).status === 'degraded', 'readyz says so')
  t.same(await readyz(), { status: 'degraded', checks: { database: 'up', redis: 'down' } })
  t.equal(app.circuitBreaker?.isUp(), true, 'it answers all the same')
  // The logout of a cookie session only deletes from Redis, which needs no memory.
  if (token) t.equal((await app.inject({ method: 'POST', url: '/api/auth/logout', headers })).statusCode, 503)

  await redis.admin.config('SET', 'maxmemory', '0')
  await waitUntil(async () => (await readyz()).status === 'ok', 'it takes writes again')
})
