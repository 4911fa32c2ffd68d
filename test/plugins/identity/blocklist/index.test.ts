import { randomUUIDv7 } from 'node:crypto'
import t from 'tap'
import { build, logIn } from '../../../build.ts'
import { withRedis } from '../../../redis.ts'
import { token } from '../jwt/transport.ts'

const lists = [
  { name: 'in memory', skip: false as const, environment: async () => ({}) },
  { name: 'in Redis', ...withRedis }
]

for (const { name, skip, environment } of lists) {
  t.test(`the blocklist ${name} answers without SQL`, { skip }, async (t) => {
    const app = await build(t, await environment())
    const { sid } = await logIn(app, 'ada', token)
    app.sessions.find = async () => {
      throw new Error('SQL was asked')
    }

    t.equal(await app.isRevoked(sid), false)
    for (const [what, { isUp }] of app.dependencies) t.ok(isUp(), `${what} stays up`)
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
