import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { build, type LoggedIn, logIn, type Transport, transports } from '../../../build.ts'
import { noRedisProgram, startRedis } from '../../../redis.ts'
import { migratedPostgresUri, startPostgres, waitUntil } from '../../../servers.ts'

const LIMIT_MS = 1500

/** Status and code or kind; fails if the reply took too long. */
async function whoami(app: FastifyInstance, { headers }: LoggedIn) {
  const begin = Date.now()
  const reply = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers })
  t.ok(Date.now() - begin < LIMIT_MS, `answered within ${LIMIT_MS} ms`)
  t.equal(reply.headers['set-cookie'], undefined, 'the cookie is untouched')
  return `${reply.statusCode} ${reply.json().code ?? reply.json().kind}`
}

const logOut = (app: FastifyInstance, { headers }: LoggedIn) =>
  app.inject({ method: 'POST', url: '/api/auth/logout', headers })

const isUp = (app: FastifyInstance) =>
  waitUntil(() => app.circuitBreaker?.isUp() === true, 'Redis is trusted again', 5000)

for (const way of ['killed', 'stopped without a word', 'emptied']) {
  t.test(
    `ASVS 7.4.1, 16.5.3: while Redis is ${way} SQL decides which sessions are revoked`,
    { skip: noRedisProgram },
    async (t) => {
      const redis = await startRedis()
      const environment = { DB_URI: await migratedPostgresUri(), REDIS_URL: redis.url }
      const app = await build(t, environment)
      const sets = []
      for (const [i, transport] of transports.entries()) {
        const name = `ada${i}`
        const live = await logIn(app, name, transport)
        const [revoked, leaving] = [await transport.logIn(app, name), await transport.logIn(app, name)]
        t.equal((await logOut(app, revoked)).statusCode, 204)
        const code = transport.kind === 'cookie' ? '401 SESSION_REVOKED' : '401 TOKEN_REVOKED'
        sets.push({ live, revoked, leaving, alive: `200 ${transport.kind}`, code })
      }

      if (way === 'killed') await redis.stop()
      if (way === 'stopped without a word') redis.process.kill('SIGSTOP')
      if (way === 'emptied') await app.redis?.flushall()

      for (const { live, revoked, alive, code } of sets) {
        t.equal(await whoami(app, live), alive)
        t.equal(await whoami(app, revoked), code)
      }
      if (way === 'emptied') {
        const isFilled = async () => (await app.redis?.exists('blocklist:{0}:complete')) === 1
        await waitUntil(isFilled, 'the list is whole again, without a new connection')
      } else {
        for (const { live, leaving, alive, code } of sets) {
          const reply = await logOut(app, leaving)
          t.equal(`${reply.statusCode} ${reply.json().code}`, '503 SERVICE_UNAVAILABLE', 'Redis did not take it')
          t.match(reply.headers, { 'retry-after': /^\d+$/ })
          t.equal(reply.headers['set-cookie'], undefined)
          t.equal(await whoami(app, leaving), code, 'but it is revoked')
          t.equal(await whoami(app, live), alive)
        }
      }

      // A replica that starts now gives the same replies.
      const other = await build(t, environment)
      for (const { live, revoked, alive, code } of sets) {
        t.equal(await whoami(other, live), alive)
        t.equal(await whoami(other, revoked), code)
      }

      if (way === 'killed') await redis.start()
      if (way === 'stopped without a word') redis.process.kill('SIGCONT')
      await isUp(app)
      for (const { live, revoked, leaving, alive, code } of sets) {
        t.equal(await whoami(app, live), alive)
        t.equal(await whoami(app, revoked), code)
        if (way !== 'emptied') t.equal(await whoami(app, leaving), code)
        t.equal((await logOut(app, live)).statusCode, 204)
        t.equal(await whoami(app, live), code)
      }
    }
  )
}

t.test(
  'ASVS 7.4.1, 16.5.3: while Redis and SQL are both down the answer is 503, never 401',
  { skip: noRedisProgram },
  async (t) => {
    const redis = await startRedis()
    const postgres = await startPostgres()
    const app = await build(t, { DB_URI: await postgres.createDatabase(), REDIS_URL: redis.url })
    const sessions: (LoggedIn & { transport: Transport })[] = []
    for (const [i, transport] of transports.entries())
      sessions.push({ ...(await logIn(app, `ada${i}`, transport)), transport })

    await postgres.stop()
    for (const login of sessions) {
      t.equal(await whoami(app, login), `200 ${login.transport.kind}`, 'from Redis alone')
      t.equal((await logOut(app, login)).statusCode, 503, 'not acknowledged')
      t.equal(await whoami(app, login), `200 ${login.transport.kind}`)
    }
    await redis.stop()
    for (const login of sessions) {
      t.equal(await whoami(app, login), '503 SERVICE_UNAVAILABLE')
      const check = await app.inject({ method: 'GET', url: '/api/auth/check-auth', headers: login.headers })
      t.equal(check.statusCode, 503)
    }
    await redis.start()
    await postgres.start()
    await isUp(app)
    await waitUntil(async () => (await whoami(app, sessions[0] as LoggedIn)).startsWith('200'), 'recovered', 5000)
    for (const login of sessions) t.equal(await whoami(app, login), `200 ${login.transport.kind}`)
  }
)
