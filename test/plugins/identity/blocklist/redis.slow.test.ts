import { randomUUIDv7 } from 'node:crypto'
import t from 'tap'
import type { Blocklist } from '../../../../src/plugins/identity/blocklist/blocklist.ts'
import { redisBlocklist } from '../../../../src/plugins/identity/blocklist/redis.ts'
import { ServiceUnavailable } from '../../../../src/plugins/platform/errors/errors.ts'
import { build, logIn } from '../../../build.ts'
import { noRedis, noRedisProgram, redisUrl, startRedis } from '../../../redis.ts'
import { token } from '../jwt/transport.ts'
import { complete, revokedLogin, testBlocklist, WINDOW_MS } from './behavior.ts'

t.test('the blocklist in Redis', { skip: noRedisProgram }, async (t) => {
  const server = await startRedis()
  const app = await build(t, { REDIS_URL: server.url })
  const { redis, circuitBreaker } = app
  if (circuitBreaker === null) throw new Error('REDIS_URL was set')
  let invalidated = 0
  // Otherwise the service would refill Redis in the middle of a test.
  const guard = { ...circuitBreaker, invalidate: () => void invalidated++ }
  const open = () => redisBlocklist({ redis, circuitBreaker: guard }) as Blocklist
  const create = async () => {
    await redis.flushall()
    invalidated = 0
    return open()
  }
  await testBlocklist(t, create)

  t.test('is shared by all replicas', async (t) => {
    const [first, second] = [await create(), open()]
    const login = revokedLogin()
    await complete(first)
    await first.add([login])
    t.equal(await second.has(login.id), true)
  })

  t.test('cannot tell after Redis was emptied', async (t) => {
    const list = await create()
    const login = revokedLogin()
    await list.add([login])
    await complete(list)
    await redis.flushall()
    t.equal(await list.has(login.id), 'ask-sql')
    t.equal(await list.has(randomUUIDv7()), 'ask-sql')
    t.equal(invalidated, 2, 'Redis is to be refilled')
  })

  t.test('ASVS 7.4.1: is not complete if Redis was emptied during a resync', async (t) => {
    const list = await create()
    const login = revokedLogin()
    const end = await list.begin()
    await list.add([login])
    await redis.flushall()
    await t.rejects(end(), /emptied/)
    t.equal(await list.has(login.id), 'ask-sql')
    await complete(list)
    t.equal(await list.has(randomUUIDv7()), false)
  })

  t.test('defers to SQL about a session that is being revoked', async (t) => {
    const list = await create()
    await complete(list)
    const login = revokedLogin()
    await list.prepare([login])
    t.equal(await list.has(login.id), 'ask-sql')
    await list.add([login])
    t.equal(await list.has(login.id), true)
  })

  t.test('cannot tell while Redis is down, and rejects what it could not store', async (t) => {
    const list = await create()
    await complete(list)
    await server.stop()
    t.equal(await list.has(randomUUIDv7()), 'ask-sql')
    await t.rejects(list.add([revokedLogin()]), { code: 'SERVICE_UNAVAILABLE' })
    await t.rejects(list.begin(), { code: 'SERVICE_UNAVAILABLE' })
    await t.rejects(list.prepare([revokedLogin()]), { code: 'SERVICE_UNAVAILABLE' })
    await t.resolves(list.add([revokedLogin(WINDOW_MS + 1)]), 'nothing to store')
  })
})

t.test('when Redis was emptied the circuit breaker opens, and SQL answers', { skip: noRedis }, async (t) => {
  const app = await build(t, { REDIS_URL: await redisUrl() })
  const sid = randomUUIDv7()
  await app.redis?.del('blocklist:{0}:complete')

  t.equal(await app.isRevoked(sid), true)
  t.equal(app.circuitBreaker?.isUp(), false)
})

t.test('a slow reply from Redis does not open the circuit breaker: SQL is asked', { skip: noRedis }, async (t) => {
  const app = await build(t, { REDIS_URL: await redisUrl() })
  const { sid } = await logIn(app, 'ada', token)
  const late = async () => {
    throw new ServiceUnavailable()
  }
  Object.assign(app.circuitBreaker ?? {}, { read: late })
  t.equal(await app.isRevoked(sid), false)
  t.equal(app.circuitBreaker?.isUp(), true)
})
