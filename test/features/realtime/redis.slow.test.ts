import t from 'tap'
import { build, logIn, PASSWORD } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'
import { noRedisProgram, startRedis } from '../../redis.ts'
import { migratedPostgresUri, waitUntil } from '../../servers.ts'
import { addressOf, notify, openStream } from './client.ts'

type Server = Awaited<ReturnType<typeof startRedis>>
const outages: [name: string, begin: (redis: Server) => Promise<unknown>, end: (redis: Server) => Promise<unknown>][] =
  [
    ['stopped', (redis) => redis.stop(), (redis) => redis.start()],
    ['paused', async ({ process }) => process.kill('SIGSTOP'), async ({ process }) => process.kill('SIGCONT')]
  ]
/** What the contract allows, and what a busy machine adds. */
const SECOND_MS = 1000 + 1000

for (const [name, begin, end] of outages)
  t.test(`while Redis is ${name}, messages and logouts reach every replica`, { skip: noRedisProgram }, async (t) => {
    const redis = await startRedis()
    const environment = { DB_URI: await migratedPostgresUri(), REDIS_URL: redis.url }
    const [here, there] = [await build(t, environment), await build(t, environment)]
    const ada = await logIn(here, 'ada')
    const ends: [string, () => Promise<{ statusCode: number }>, number][] = [
      ['logout', () => call(here, second, 'POST /api/auth/logout'), 503],
      [
        'shell',
        async () => ({
          statusCode: await here.revocations.revoke({ log: here.log }, third.sid, 'revoked', new Date()).then(
            () => 204,
            () => 503
          )
        }),
        503
      ],
      [
        'password',
        () =>
          call(here, ada, 'PUT /api/users/me/password', {
            currentPassword: PASSWORD,
            newPassword: 'another long password'
          }),
        503
      ]
    ]
    const logInAgain = async () => {
      const { transports } = await import('../../build.ts')
      return (await transports[0]?.logIn(here, 'ada')) ?? { headers: {}, sid: '' }
    }
    const [second, third] = [await logInAgain(), await logInAgain()]
    const open = async (session: { headers: Record<string, string> }) => [
      await openStream(await addressOf(here), session.headers),
      await openStream(await addressOf(there), session.headers)
    ]
    const streams = { logout: await open(second), shell: await open(third), password: await open(ada) }
    await begin(redis)
    await notify(here, ada.user.id, 'one')
    for (const stream of Object.values(streams).flat()) await stream.wait('message')

    for (const [way, act, status] of ends) {
      const at = performance.now()
      t.equal((await act()).statusCode, status, `${way} is not complete`)
      // A password change is all or nothing, so its session goes on.
      if (way === 'password') continue
      for (const stream of streams[way as 'logout' | 'shell']) t.equal(await stream.ended(), 'SESSION_ENDED', way)
      t.ok(performance.now() - at < SECOND_MS, `${way}: ${performance.now() - at} ms`)
    }
    await notify(there, ada.user.id, 'two')
    for (const stream of streams.password) await stream.wait('message', 2)

    await end(redis)
    await waitUntil(() => [here, there].every((app) => app.circuitBreaker?.isUp()), 'Redis is back')
    t.equal(
      (
        await call(here, ada, 'PUT /api/users/me/password', {
          currentPassword: PASSWORD,
          newPassword: 'another long password'
        })
      ).statusCode,
      204
    )
    for (const stream of streams.password) t.equal(await stream.ended(), 'SESSION_ENDED')
    for (const stream of Object.values(streams).flat()) t.strictSame(stream.seqs().slice(0, 2), stream.seqs())
  })

t.test('after an outage of Redis, messages come at once again', { skip: noRedisProgram }, async (t) => {
  const redis = await startRedis()
  const environment = { DB_URI: await migratedPostgresUri(), REDIS_URL: redis.url }
  const [here, there] = [await build(t, environment), await build(t, environment)]
  const ada = await logIn(here, 'ada')
  const stream = await openStream(await addressOf(there), ada.headers)
  await stream.wait('ready')
  const heard = async () => {
    const subscribers = (await redis.admin.pubsub(
      'NUMSUB',
      ...((await redis.admin.pubsub('CHANNELS')) as string[])
    )) as (string | number)[]
    return Number(subscribers[1] ?? 0) === 2
  }
  await waitUntil(heard, 'both listen')
  await redis.stop()
  await redis.start()
  await waitUntil(heard, 'both listen again')
  await waitUntil(() => [here, there].every((app) => app.circuitBreaker?.isUp()), 'Redis is back')
  const lags: number[] = []
  for (let count = 1; count <= 20; count++) {
    const at = performance.now()
    await notify(here, ada.user.id, `${count}`)
    await stream.wait('message', count)
    lags.push(performance.now() - at)
  }
  const [median = 0] = lags.sort((a, b) => a - b).slice(10)
  t.ok(median < 250, `the median is ${median} ms, less than without Redis`)
})
