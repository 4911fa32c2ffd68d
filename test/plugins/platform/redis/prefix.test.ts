import t from 'tap'
import { redisPrefix } from '../../../../src/plugins/platform/redis/prefix.ts'
import { build, logIn, type Transport, transports } from '../../../build.ts'
import { noRedisProgram, startRedis } from '../../../redis.ts'
import { waitUntil } from '../../../servers.ts'

t.test('the prefix of keys identifies the database, however it is reached', async (t) => {
  const of = (DB_URI: string, REDIS_PREFIX: string | null = null) => redisPrefix({ DB_URI, REDIS_PREFIX })
  t.match(of('file:./app.db'), /^[\w:-]{20,64}$/)
  t.equal(of('file:./app.db'), of('app.db'), 'the same file')
  t.not(of('file:./app.db'), of('file:./other.db'))
  t.equal(of('postgres://ada:one@db/app'), of('postgresql://eve:two@db:5432/app?sslmode=require'), 'the same database')
  t.not(of('postgres://db/app'), of('postgres://db/other'))
  t.not(of('postgres://db/app'), of('postgres://db2/app'))
  t.equal(of('file:./app.db', 'mine:'), 'mine:')
})

for (const transport of transports) {
  t.test(
    `ASVS 7.4.1: by ${transport.kind} two services on one Redis never accept each other's sessions`,
    { skip: noRedisProgram },
    async (t) => {
      const redis = await startRedis()
      const open = (t: Parameters<typeof build>[0]) =>
        build(t, { DB_URI: `file:${t.testdir()}/app.db`, REDIS_URL: redis.url })
      const ours = await open(t)
      await t.test('another service', async (t) => {
        const theirs = await open(t)
        const ended = await logOut(ours, 'ada', transport)
        await redis.admin.flushdb()
        // The other service notices, and fills Redis with its own revocations.
        await theirs.inject({
          method: 'GET',
          url: '/api/auth/whoami',
          headers: (await logIn(theirs, 'eve', transport)).headers
        })
        await waitUntil(() => theirs.circuitBreaker?.isUp() === true, 'it trusts Redis')

        const reply = await ours.inject({ method: 'GET', url: '/api/auth/whoami', headers: ended })
        t.equal(reply.statusCode, 401)
      })
    }
  )
}

/** Logs in and out; returns the headers of the revoked session. */
async function logOut(app: Awaited<ReturnType<typeof build>>, name: string, transport: Transport) {
  const { headers } = await logIn(app, name, transport)
  await app.inject({ method: 'POST', url: '/api/auth/logout', headers })
  return headers
}
