import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { buildApp } from '../src/app.ts'
import { readSettings } from '../src/plugins/platform/config/settings.ts'
import { backends, build, type LoggedIn, logIn, testEnvironment, transports } from './build.ts'
import { migratedPostgresUri } from './servers.ts'

async function whoami(app: FastifyInstance, { headers }: LoggedIn) {
  const reply = await app.inject({ method: 'GET', url: '/api/auth/whoami', headers })
  return `${reply.statusCode} ${reply.json().code ?? reply.json().kind}`
}

const logOut = (app: FastifyInstance, { headers }: LoggedIn) =>
  app.inject({ method: 'POST', url: '/api/auth/logout', headers })

for (const transport of transports) {
  const alive = `200 ${transport.kind}`
  const revoked = transport.kind === 'cookie' ? '401 SESSION_REVOKED' : '401 TOKEN_REVOKED'

  t.test(`two replicas without Redis learn of each other's revocations by ${transport.kind}`, async (t) => {
    const environment = { DB_URI: await migratedPostgresUri() }
    const [first, second] = [await build(t, environment), await build(t, environment)]
    const login = await logIn(first, 'ada', transport)
    t.equal(await whoami(second, login), alive)
    t.equal((await logOut(second, login)).statusCode, 204)
    // What the clock does each second.
    await first.revocations.resyncRecent(new Date())
    t.equal(await whoami(first, login), revoked)
  })

  for (const backend of backends) {
    const title = `a restart on ${backend.name} logs nobody out by ${transport.kind} and revives nothing`
    t.test(title, { skip: backend.skip }, async (t) => {
      const fresh = await backend.environment()
      const environment = fresh['DB_URI'] === ':memory:' ? { DB_URI: `file:${t.testdir()}/app.db` } : fresh
      const before = await buildApp(readSettings({ ...testEnvironment, ...environment, LOG_LEVEL: 'silent' }))
      const live = await logIn(before, 'ada', transport)
      const ended = await transport.logIn(before, 'ada')
      t.equal((await logOut(before, ended)).statusCode, 204)
      await before.close()

      const after = await build(t, environment)
      t.equal(await whoami(after, live), alive)
      t.equal(await whoami(after, ended), revoked)
      t.equal((await logOut(after, live)).statusCode, 204)
      t.equal(await whoami(after, live), revoked)
    })
  }
}
