import t from 'tap'
import { build, buildWithLog } from '../../../build.ts'
import { noRedisProgram, startRedis } from '../../../redis.ts'
import { freePort, waitUntil } from '../../../servers.ts'

t.test('without REDIS_URL there is no Redis client and no circuit breaker', async (t) => {
  const app = await build(t)

  t.notOk(app.hasDecorator('redis'))
  t.equal(app.circuitBreaker, null)
})

t.test('the service starts without a reachable Redis, logs that once, and works', async (t) => {
  const port = await freePort()
  const { app, lines } = await buildWithLog(t, { REDIS_URL: `redis://127.0.0.1:${port}` })

  const ready = await app.inject({ method: 'GET', url: '/readyz' })

  t.equal(ready.statusCode, 200)
  t.same(ready.json(), { status: 'degraded', checks: { database: 'up', redis: 'down' } })
  const changes = lines.filter((line) => line['dependency'] === 'redis')
  t.match(changes, [{ event: 'dependency_down', level: 'error' }])
})

t.test('ASVS 16.3.4: each change of the state of Redis is logged once', { skip: noRedisProgram }, async (t) => {
  const server = await startRedis()
  const { app, lines } = await buildWithLog(t, { REDIS_URL: server.url })
  const events = () => lines.filter((line) => line['dependency'] === 'redis').map((line) => line['event'])
  await waitUntil(() => app.circuitBreaker?.isUp() === true, 'Redis is there')

  await server.stop()
  await waitUntil(() => app.circuitBreaker?.isUp() === false, 'the loss is noticed')
  await server.start()
  await waitUntil(() => app.circuitBreaker?.isUp() === true, 'Redis is back')

  t.same(events(), ['dependency_up', 'dependency_down', 'dependency_up'])
})

t.test(
  'a Redis that became a replica is dropped and retried until it accepts writes again',
  { skip: noRedisProgram },
  async (t) => {
    const [server, other] = [await startRedis(), await startRedis()]
    const { app } = await buildWithLog(t, { REDIS_URL: server.url })
    await waitUntil(() => app.circuitBreaker?.isUp() === true, 'Redis is trusted')
    const write = async () => app.circuitBreaker?.write((client) => client.set('a', '1'))

    await server.admin.replicaof('127.0.0.1', other.port)
    await t.rejects(write, { code: 'SERVICE_UNAVAILABLE' })
    t.equal(app.circuitBreaker?.isUp(), false, 'what it says of revocations may be late')
    await server.admin.replicaof('NO', 'ONE')
    await waitUntil(() => app.circuitBreaker?.isUp() === true, 'Redis is trusted again')
    t.equal(await write(), 'OK')
  }
)

for (const url of ['redis+cluster://127.0.0.1:1', 'redis+sentinel://127.0.0.1:1/main']) {
  t.test(`an unreachable ${url} is logged once, with its cause`, async (t) => {
    const { app, lines } = await buildWithLog(t, { REDIS_URL: url })
    let tries = 0
    app.redis?.on('error', () => tries++)
    await waitUntil(() => tries > 2, 'it is tried again')
    t.equal((await app.inject({ method: 'GET', url: '/readyz' })).statusCode, 200)
    t.match(
      lines.filter((line) => line['dependency'] === 'redis'),
      [{ event: 'dependency_down', err: { message: /ECONNREFUSED|sentinels are unreachable/ } }]
    )
  })
}

for (const scheme of ['redis', 'redis+cluster']) {
  t.test(
    `a wrong password for ${scheme}:// is logged once, without the password`,
    { skip: noRedisProgram },
    async (t) => {
      const { admin, port } = await startRedis()
      await admin.config('SET', 'requirepass', 'hunter2')
      const { lines } = await buildWithLog(t, { REDIS_URL: `${scheme}://:hunter1@127.0.0.1:${port}` })
      const said = lines.filter((line) => line['dependency'] === 'redis')
      t.match(said, [
        { event: 'dependency_down', msg: /: REDIS_URL has a user or password that Redis rejects: correct it$/ }
      ])
      t.notMatch(JSON.stringify(lines), /hunter/)
    }
  )
}
