import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { createCircuitBreaker } from '../../../../src/plugins/platform/redis/circuit-breaker.ts'
import { createBudget, withBudget } from '../../../../src/plugins/platform/time-budget/time-budget.ts'
import { startProxy } from '../../../proxy.ts'
import { noRedisProgram, startRedis } from '../../../redis.ts'
import { waitUntil } from '../../../servers.ts'

/** A circuit breaker with its own Redis, and the changes of state that it reported. */
async function open(t: Test) {
  const server = await startRedis()
  const proxy = await startProxy(t, server.port)
  const client = new Redis(proxy.port, {
    commandTimeout: 200,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => 50
  })
  const reported: boolean[] = []
  const circuitBreaker = createCircuitBreaker(client, (isUp) => reported.push(isUp), 20)
  t.teardown(() => {
    circuitBreaker.close()
    client.disconnect()
    server.process.kill('SIGCONT')
  })
  return { server, proxy, circuitBreaker, reported }
}

t.test('reads fail fast while Redis is down, and work again once it is back', { skip: noRedisProgram }, async (t) => {
  const { server, circuitBreaker, reported } = await open(t)
  await waitUntil(circuitBreaker.isUp, 'Redis is trusted')
  t.equal(await circuitBreaker.read((redis) => redis.set('a', '1')), 'OK')

  await server.stop()
  await waitUntil(() => !circuitBreaker.isUp(), 'the loss is noticed')
  await t.rejects(
    circuitBreaker.read((redis) => redis.get('a')),
    { code: 'SERVICE_UNAVAILABLE' }
  )
  await t.rejects(
    circuitBreaker.write((redis) => redis.set('a', '2')),
    { code: 'SERVICE_UNAVAILABLE' }
  )

  await server.start()
  await waitUntil(circuitBreaker.isUp, 'Redis is trusted again')
  t.equal(await circuitBreaker.read((redis) => redis.get('a')), null, 'it came back empty')
  t.same(reported, [true, false, true], 'one report for each change of state')
})

t.test(
  'ASVS 13.1.3, 13.2.6: a silent Redis opens the circuit breaker after one timeout',
  { skip: noRedisProgram },
  async (t) => {
    const { server, circuitBreaker, reported } = await open(t)
    await waitUntil(circuitBreaker.isUp, 'Redis is trusted')

    server.process.kill('SIGSTOP')
    await t.rejects(
      circuitBreaker.read((redis) => redis.get('a')),
      { code: 'SERVICE_UNAVAILABLE' }
    )
    t.notOk(circuitBreaker.isUp())
    let isAsked = false
    const refused = circuitBreaker.read(async () => {
      isAsked = true
    })
    await t.rejects(refused, { code: 'SERVICE_UNAVAILABLE' })
    t.notOk(isAsked, 'nobody asks a Redis that is known to be down')

    server.process.kill('SIGCONT')
    await waitUntil(circuitBreaker.isUp, 'Redis is trusted again')
    t.same(reported, [true, false, true])
  }
)

t.test('reads wait until every refill is written; writes go through before', { skip: noRedisProgram }, async (t) => {
  const server = await startRedis()
  const client = new Redis(server.url, { commandTimeout: 200, enableOfflineQueue: false, retryStrategy: () => 50 })
  const circuitBreaker = createCircuitBreaker(client, () => {}, 20)
  t.teardown(() => {
    circuitBreaker.close()
    client.disconnect()
  })
  const refill = Promise.withResolvers<void>()
  circuitBreaker.onRecover(async () => {
    await circuitBreaker.write((redis) => redis.set('refilled', '1'))
    await refill.promise
  })

  await waitUntil(async () => (await client.exists('refilled').catch(() => 0)) === 1, 'the refill has begun')
  t.notOk(circuitBreaker.isUp(), 'not yet: the refill is not done')
  await t.rejects(
    circuitBreaker.read((redis) => redis.get('refilled')),
    { code: 'SERVICE_UNAVAILABLE' }
  )

  refill.resolve()
  await waitUntil(circuitBreaker.isUp, 'Redis is trusted')
  t.equal(await circuitBreaker.read((redis) => redis.get('refilled')), '1')
})

t.test('a failed refill keeps Redis down until one succeeds', { skip: noRedisProgram }, async (t) => {
  const { circuitBreaker } = await open(t)
  let tries = 0
  circuitBreaker.onRecover(async () => {
    tries++
    if (tries < 3) throw new Error('SQL is down too')
  })

  await waitUntil(circuitBreaker.isUp, 'Redis is trusted')

  t.ok(tries >= 3, 'it was tried until it worked')
})

t.test('a refused read does not mark Redis down', { skip: noRedisProgram }, async (t) => {
  const { circuitBreaker } = await open(t)
  await waitUntil(circuitBreaker.isUp, 'Redis is trusted')

  await circuitBreaker.read((redis) => redis.set('text', 'no list'))
  await t.rejects(
    circuitBreaker.read((redis) => redis.lpush('text', 'x')),
    { code: 'SERVICE_UNAVAILABLE' }
  )

  t.ok(circuitBreaker.isUp())
})

t.test('a refused write marks Redis down, because data is missing from it', { skip: noRedisProgram }, async (t) => {
  const { circuitBreaker, reported } = await open(t)
  await waitUntil(circuitBreaker.isUp, 'Redis is trusted')

  await circuitBreaker.write((redis) => redis.set('text', 'not a list'))
  await t.rejects(
    circuitBreaker.write((redis) => redis.lpush('text', 'x')),
    { code: 'SERVICE_UNAVAILABLE' }
  )

  t.same(reported.slice(0, 2), [true, false])
  await waitUntil(circuitBreaker.isUp, 'Redis is refilled')
})

t.test('ASVS 13.1.3: a call has one timeout, however many commands it sends', { skip: noRedisProgram }, async (t) => {
  const { proxy, circuitBreaker } = await open(t)
  await waitUntil(circuitBreaker.isUp, 'Redis is trusted')
  proxy.slow(150)
  const begin = performance.now()

  const asked = circuitBreaker.read(async (redis) => {
    for (let i = 0; i < 10; i++) await redis.get('a')
  })

  await t.rejects(asked, { code: 'SERVICE_UNAVAILABLE' })
  t.ok(performance.now() - begin < 1000)
  t.notOk(circuitBreaker.isUp(), 'who is so slow saves no time')
})

t.test('a slow Redis stays down until it is fast again', { skip: noRedisProgram }, async (t) => {
  const { proxy, circuitBreaker, reported } = await open(t)
  await waitUntil(circuitBreaker.isUp, 'Redis is trusted')
  proxy.slow(250)
  circuitBreaker.invalidate()
  const count = reported.length
  await new Promise((resolve) => setTimeout(resolve, 700))
  t.notOk(circuitBreaker.isUp())
  t.equal(reported.length, count, 'and that is said once')

  await proxy.open()
  await waitUntil(circuitBreaker.isUp, 'Redis is trusted again')
})

t.test('a request without time left does not mark Redis down', { skip: noRedisProgram }, async (t) => {
  const { circuitBreaker } = await open(t)
  await waitUntil(circuitBreaker.isUp, 'Redis is trusted')
  await new Promise<void>((resolve) => {
    withBudget(createBudget(0), () => {
      const refused = t.rejects(
        circuitBreaker.read((redis) => redis.get('a')),
        { code: 'SERVICE_UNAVAILABLE' }
      )
      void refused.then(() => resolve())
    })
  })
  t.ok(circuitBreaker.isUp())

  withBudget(createBudget(0), () => circuitBreaker.invalidate())
  t.notOk(circuitBreaker.isUp())
  await waitUntil(circuitBreaker.isUp, 'it is looked for all the same')
})

t.test('a call that was lost in one outage does not cause another', { skip: noRedisProgram }, async (t) => {
  const { circuitBreaker, reported } = await open(t)
  await waitUntil(circuitBreaker.isUp, 'Redis is trusted')
  const late = t.rejects(
    circuitBreaker.write(() => new Promise(() => {})),
    { code: 'SERVICE_UNAVAILABLE' }
  )

  circuitBreaker.invalidate()
  await waitUntil(circuitBreaker.isUp, 'Redis is trusted again')
  await late

  t.ok(circuitBreaker.isUp())
  t.same(reported, [true, false, true])
})

t.test(
  'a write that fails during a refill delays recovery but does not stop it',
  { skip: noRedisProgram },
  async (t) => {
    const { circuitBreaker } = await open(t)
    const refill = Promise.withResolvers<void>()
    let refills = 0
    circuitBreaker.onRecover(async () => {
      refills++
      await refill.promise
    })
    await waitUntil(() => refills === 1, 'it is being filled')
    await t.rejects(
      circuitBreaker.write(() => new Promise(() => {})),
      { code: 'SERVICE_UNAVAILABLE' }
    )
    // Longer than the time until the next probe.
    await new Promise((resolve) => setTimeout(resolve, 60))
    refill.resolve()
    await waitUntil(circuitBreaker.isUp, 'Redis is trusted')
    t.equal(refills, 2, 'it was filled once more')
  }
)
