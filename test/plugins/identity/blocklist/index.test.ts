import { randomUUIDv7 } from 'node:crypto'
import t from 'tap'
import { ServiceUnavailable } from '../../../../src/plugins/platform/errors/errors.ts'
import { build, logIn } from '../../../build.ts'
import { noRedis, redisUrl } from '../../../servers.ts'
import { token } from '../jwt/transport.ts'

const lists = [
  { name: 'in memory', skip: false as const, environment: async () => ({}) },
  { name: 'in Redis', skip: noRedis, environment: async () => ({ REDIS_URL: await redisUrl() }) }
]

for (const { name, skip, environment } of lists) {
  t.test(`the blocklist ${name} answers without SQL, and the circuit breaker stays closed`, { skip }, async (t) => {
    const app = await build(t, await environment())
    const { sid } = await logIn(app, 'ada', token)
    app.sessions.find = async () => {
      throw new Error('SQL was asked')
    }

    t.equal(await app.isRevoked(sid), false)
    t.not(app.circuitBreaker?.isUp(), false)
  })

  t.test(
    `ASVS 7.4.1: ${name} a revocation is remembered while a clock that is behind accepts its tokens`,
    { skip },
    async (t) => {
      const app = await build(t, { ...(await environment()), ACCESS_TOKEN_TTL: '1' })
      const { headers } = await logIn(app, 'ada', token)
      await app.inject({ method: 'POST', url: '/api/auth/logout', headers })

      const reply = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers })

      t.equal(reply.statusCode, 401)
      t.match(reply.json(), { code: 'TOKEN_REVOKED' })
    }
  )
}

t.test('the blocklist in memory answers synchronously', async (t) => {
  const app = await build(t)
  t.equal(app.isRevoked(randomUUIDv7()), false, 'no promise: every request would wait for it')
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
