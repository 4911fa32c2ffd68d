import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { build, buildWithLog, logIn, PASSWORD, transports } from '../../build.ts'
import { startPostgres, waitUntil } from '../../servers.ts'

async function isReady(app: FastifyInstance) {
  return (await app.inject({ method: 'GET', url: '/readyz' })).statusCode === 200
}

t.test(
  'ASVS 13.1.2, 13.2.6, 16.5.2: while PostgreSQL is stopped what needs it is 503, and all is well again without a restart',
  async (t) => {
    const postgres = await startPostgres()
    const { app, lines } = await buildWithLog(t, { DB_URI: await postgres.createDatabase() })
    const logins = []
    for (const transport of transports) logins.push(await logIn(app, `ada-by-${transport.kind}`, transport))
    const payload = { usernameOrEmail: logins[0]?.user.username, password: PASSWORD, authType: transports[0]?.kind }

    await postgres.stop()

    for (const { headers } of logins) {
      const me = await app.inject({ method: 'GET', url: '/api/users/me', headers })
      t.equal(me.statusCode, 503)
      t.equal(me.json().code, 'SERVICE_UNAVAILABLE')
      t.match(me.headers, { 'retry-after': /^\d+$/, 'content-type': /^application\/problem\+json/ })
      t.equal(me.headers['set-cookie'], undefined)
      t.notMatch(me.body, /select|postgres|ECONN|127\.0\.0\.1/i)
      const logout = await app.inject({ method: 'POST', url: '/api/auth/logout', headers })
      t.equal(logout.statusCode, 503, 'nothing is acknowledged that was not stored')
      const check = await app.inject({ method: 'GET', url: '/api/auth/check-auth', headers })
      t.equal(check.statusCode, 503, 'not knowing is not logged out')
    }
    const login = await app.inject({ method: 'POST', url: '/api/auth/login', payload })
    t.equal(login.statusCode, 503)
    t.equal(login.json().code, 'SERVICE_UNAVAILABLE')
    t.match(login.headers, { 'retry-after': /^\d+$/ })
    const ready = await app.inject({ method: 'GET', url: '/readyz' })
    t.equal(ready.statusCode, 503)
    t.match(ready.json(), { status: 'unavailable', checks: { database: 'down' } })

    await postgres.start()
    await waitUntil(() => isReady(app), 'ready again', 5000)

    for (const { headers } of logins) {
      const me = await app.inject({ method: 'GET', url: '/api/users/me', headers })
      t.equal(me.statusCode, 200)
    }
    t.equal((await app.inject({ method: 'POST', url: '/api/auth/login', payload })).statusCode, 200)
    await waitUntil(() => lines.some(({ event }) => event === 'dependency_up'), 'the log says that it is back')
    const events = lines.filter(({ dependency }) => dependency === 'database').map(({ event }) => event)
    t.strictSame(events, ['dependency_down', 'dependency_up'], 'one line for each change')
  }
)

t.test(
  'ASVS 16.5.2: a start while PostgreSQL is down waits for it, answers 503 meanwhile, and migrates then',
  async (t) => {
    const postgres = await startPostgres()
    const DB_URI = await postgres.createDatabase()
    await postgres.stop()
    const app = await build(t, { DB_URI })

    t.equal(await isReady(app), false)
    const payload = { usernameOrEmail: 'ada', password: PASSWORD, authType: transports[0]?.kind }
    const login = await app.inject({ method: 'POST', url: '/api/auth/login', payload })
    t.equal(login.statusCode, 503)
    t.equal(login.json().code, 'SERVICE_UNAVAILABLE')

    await postgres.start()
    await waitUntil(() => isReady(app), 'ready', 5000)
    await t.resolves(logIn(app, 'ada'))
  }
)

t.test('while another process holds the SQLite file what writes is 503, what reads goes on', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'starter-locked-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const app = await build(t, { DB_URI: `file:${join(folder, 'app.db')}` })
  const { headers } = await logIn(app, 'ada')
  const payload = { usernameOrEmail: 'ada', password: PASSWORD, authType: transports[0]?.kind }
  const other = new BetterSqlite(join(folder, 'app.db'))
  t.teardown(() => other.close())

  other.exec('begin exclusive')
  const login = await app.inject({ method: 'POST', url: '/api/auth/login', payload })
  t.equal(login.statusCode, 503)
  t.equal(login.json().code, 'SERVICE_UNAVAILABLE')
  t.match(login.headers, { 'retry-after': /^\d+$/ })
  const logout = await app.inject({ method: 'POST', url: '/api/auth/logout', headers })
  t.equal(logout.statusCode, 503)
  t.equal((await app.inject({ method: 'GET', url: '/api/users/me', headers })).statusCode, 200)

  other.exec('commit')
  t.equal((await app.inject({ method: 'POST', url: '/api/auth/login', payload })).statusCode, 200)
  t.equal((await app.inject({ method: 'POST', url: '/api/auth/logout', headers })).statusCode, 204)
})
