import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { createCircuitBreaker } from '../../../../src/plugins/platform/redis/circuit-breaker.ts'
import { createBudget, withBudget } from '../../../../src/plugins/platform/time-budget/time-budget.ts'
import { startProxy } from '../../../proxy.ts'
import { noRedisProgram, startRedis, waitUntil } from '../../../servers.ts'

/** A gate on a server of the test's own, and the changes of state that it reported. */
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
  const gate = createCircuitBreaker(client, (isUp) => reported.push(isUp), 20)
  t.teardown(() => {
    gate.close()
    client.disconnect()
    server.process.kill('SIGCONT')
  })
  return { server, proxy, gate, reported }
}

t.test(
  'reads wait for nobody while Redis is down, and work again when it is back',
  { skip: noRedisProgram },
  async (t) => {
    const { server, gate, reported } = await open(t)
    await waitUntil(gate.isUp, 'Redis is trusted')
    t.equal(await gate.read((redis) => redis.set('a', '1')), 'OK')

    await server.stop()
    await waitUntil(() => !gate.isUp(), 'the loss is noticed')
    await t.rejects(
      gate.read((redis) => redis.get('a')),
      { code: 'SERVICE_UNAVAILABLE' }
    )
    await t.rejects(
      gate.write((redis) => redis.set('a', '2')),
      { code: 'SERVICE_UNAVAILABLE' }
    )

    await server.start()
    await waitUntil(gate.isUp, 'Redis is trusted again')
    t.equal(await gate.read((redis) => redis.get('a')), null, 'it came back empty')
    t.same(reported, [true, false, true], 'one report for each change of state')
  }
)

t.test(
  'ASVS 13.1.3, 13.2.6: a Redis that is silent closes the way after one timeout',
  { skip: noRedisProgram },
  async (t) => {
    const { server, gate, reported } = await open(t)
    await waitUntil(gate.isUp, 'Redis is trusted')

    server.process.kill('SIGSTOP')
    await t.rejects(
      gate.read((redis) => redis.get('a')),
      { code: 'SERVICE_UNAVAILABLE' }
    )
    t.notOk(gate.isUp())
    let isAsked = false
    const refused = gate.read(async () => {
      isAsked = true
    })
    await t.rejects(refused, { code: 'SERVICE_UNAVAILABLE' })
    t.notOk(isAsked, 'nobody asks a Redis that is known to be down')

    server.process.kill('SIGCONT')
    await waitUntil(gate.isUp, 'Redis is trusted again')
    t.same(reported, [true, false, true])
  }
)

t.test(
  'Redis is trusted only after every refill was written, and writes are let through to it',
  { skip: noRedisProgram },
  async (t) => {
    const server = await startRedis()
    const client = new Redis(server.url, { commandTimeout: 200, enableOfflineQueue: false, retryStrategy: () => 50 })
    const gate = createCircuitBreaker(client, () => {}, 20)
    t.teardown(() => {
      gate.close()
      client.disconnect()
    })
    const refill = Promise.withResolvers<void>()
    gate.onRecover(async () => {
      await gate.write((redis) => redis.set('refilled', '1'))
      await refill.promise
    })

    await waitUntil(async () => (await client.exists('refilled').catch(() => 0)) === 1, 'the refill has begun')
    t.notOk(gate.isUp(), 'not yet: the refill is not done')
    await t.rejects(
      gate.read((redis) => redis.get('refilled')),
      { code: 'SERVICE_UNAVAILABLE' }
    )

    refill.resolve()
    await waitUntil(gate.isUp, 'Redis is trusted')
    t.equal(await gate.read((redis) => redis.get('refilled')), '1')
  }
)

t.test('a refill that fails keeps the way closed until one succeeds', { skip: noRedisProgram }, async (t) => {
  const { gate } = await open(t)
  let tries = 0
  gate.onRecover(async () => {
    tries++
    if (tries < 3) throw new Error('SQL is down too')
  })

  await waitUntil(gate.isUp, 'Redis is trusted')

  t.ok(tries >= 3, 'it was tried until it worked')
})

t.test('a refusal of a command is an error of that command alone', { skip: noRedisProgram }, async (t) => {
  const { gate } = await open(t)
  await waitUntil(gate.isUp, 'Redis is trusted')

  await gate.read((redis) => redis.set('text', 'no list'))
  await t.rejects(
    gate.read((redis) => redis.lpush('text', 'x')),
    { code: 'SERVICE_UNAVAILABLE' }
  )

  t.ok(gate.isUp())
})

t.test(
  'ASVS 13.1.3: a question has one deadline, however many commands it takes',
  { skip: noRedisProgram },
  async (t) => {
    const { proxy, gate } = await open(t)
    await waitUntil(gate.isUp, 'Redis is trusted')
    proxy.slow(150)
    const begin = performance.now()

    const asked = gate.read(async (redis) => {
      for (let i = 0; i < 10; i++) await redis.get('a')
    })

    await t.rejects(asked, { code: 'SERVICE_UNAVAILABLE' })
    t.ok(performance.now() - begin < 1000)
    t.notOk(gate.isUp(), 'who is so slow saves no time')
  }
)

t.test('a Redis that is slow is not trusted until it is quick again', { skip: noRedisProgram }, async (t) => {
  const { proxy, gate, reported } = await open(t)
  await waitUntil(gate.isUp, 'Redis is trusted')
  proxy.slow(250)
  gate.invalidate()
  const count = reported.length
  await new Promise((resolve) => setTimeout(resolve, 700))
  t.notOk(gate.isUp())
  t.equal(reported.length, count, 'and that is said once')

  await proxy.open()
  await waitUntil(gate.isUp, 'Redis is trusted again')
})

t.test(
  'a request that has no time left tells nothing of Redis, and hinders nobody',
  { skip: noRedisProgram },
  async (t) => {
    const { gate } = await open(t)
    await waitUntil(gate.isUp, 'Redis is trusted')
    await new Promise<void>((resolve) => {
      withBudget(createBudget(0), () => {
        const refused = t.rejects(
          gate.read((redis) => redis.get('a')),
          { code: 'SERVICE_UNAVAILABLE' }
        )
        void refused.then(() => resolve())
      })
    })
    t.ok(gate.isUp())

    withBudget(createBudget(0), () => gate.invalidate())
    t.notOk(gate.isUp())
    await waitUntil(gate.isUp, 'it is looked for all the same')
  }
)

t.test('an answer that is missing since before a loss is no second loss', { skip: noRedisProgram }, async (t) => {
  const { gate, reported } = await open(t)
  await waitUntil(gate.isUp, 'Redis is trusted')
  const late = t.rejects(
    gate.write(() => new Promise(() => {})),
    { code: 'SERVICE_UNAVAILABLE' }
  )

  gate.invalidate()
  await waitUntil(gate.isUp, 'Redis is trusted again')
  await late

  t.ok(gate.isUp())
  t.same(reported, [true, false, true])
})

t.test(
  'a write that fails while Redis is filled delays its trust, and ends it not',
  { skip: noRedisProgram },
  async (t) => {
    const { gate } = await open(t)
    const refill = Promise.withResolvers<void>()
    let refills = 0
    gate.onRecover(async () => {
      refills++
      await refill.promise
    })
    await waitUntil(() => refills === 1, 'it is being filled')
    await t.rejects(
      gate.write(() => new Promise(() => {})),
      { code: 'SERVICE_UNAVAILABLE' }
    )
    // Longer than it takes until the next probe.
    await new Promise((resolve) => setTimeout(resolve, 60))
    refill.resolve()
    await waitUntil(gate.isUp, 'Redis is trusted')
    t.equal(refills, 2, 'it was filled once more')
  }
)
