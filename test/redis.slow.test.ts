import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { build, type LoggedIn, logIn, transports } from './build.ts'
import { noRedis, redisUrl } from './redis.ts'
import { freshPostgresUri } from './servers.ts'

async function whoami(app: FastifyInstance, { headers }: LoggedIn) {
  const reply = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers })
  return `${reply.statusCode} ${reply.json().code ?? reply.json().kind}`
}

const logOut = (app: FastifyInstance, { headers }: LoggedIn) =>
  app.inject({ method: 'POST', url: '/api/auth/logout', headers })

for (const transport of transports) {
  const alive = `200 ${transport.kind}`
  const revoked = transport.kind === 'cookie' ? '401 SESSION_REVOKED' : '401 TOKEN_REVOKED'

  t.test(
    `ASVS 7.4.1: two replicas share sessions by ${transport.kind}, and a revocation takes effect on both immediately`,
    { skip: noRedis },
    async (t) => {
      const environment = { DB_URI: await freshPostgresUri(), REDIS_URL: await redisUrl() }
      const [first, second] = [await build(t, environment), await build(t, environment)]
      const login = await logIn(first, 'ada', transport)
      t.equal(await whoami(second, login), alive)
      t.equal(await whoami(first, login), alive)

      t.equal((await logOut(second, login)).statusCode, 204)
      t.equal(await whoami(first, login), revoked)
      t.equal(await whoami(second, login), revoked)
      t.equal((await logOut(first, login)).statusCode, 401)
    }
  )
}
