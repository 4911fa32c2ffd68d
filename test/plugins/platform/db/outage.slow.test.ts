import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import type { FastifyInstance } from 'fastify'
import postgres from 'postgres'
import t from 'tap'
import { SERVER_ERROR_DETAIL } from '../../../../src/plugins/platform/errors/errors.ts'
import { backends, build, buildWithLog, logIn, PASSWORD, transports } from '../../../build.ts'
import { startProxy } from '../../../proxy.ts'
import { freePort, startPostgres, waitUntil } from '../../../servers.ts'
import { buildWithRoutes } from '../errors/app.ts'

async function isReady(app: FastifyInstance) {
  return (await app.inject({ method: 'GET', url: '/readyz' })).statusCode === 200
}

t.test(
  'ASVS 13.1.2, 13.2.6, 16.5.2, 16.5.3: while PostgreSQL is stopped, requests that need it are 503, and recovery needs no restart',
  async (t) => {
    const postgres = await startPostgres()
    const { app, lines } = await buildWithLog(t, { DB_URI: await postgres.createDatabase() })
    const sessions = []
    for (const transport of transports) sessions.push(await logIn(app, `ada-by-${transport.kind}`, transport))
    const payload = { usernameOrEmail: sessions[0]?.user.username, password: PASSWORD, authType: transports[0]?.kind }

    await postgres.stop()

    for (const { headers } of sessions) {
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

    for (const { headers } of sessions) {
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
  'ASVS 16.5.2: a service started while PostgreSQL is down answers 503, and migrates once PostgreSQL is up',
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

for (const backend of backends) {
  t.test(`a failing route does not count as a database outage: ${backend.name}`, { skip: backend.skip }, async (t) => {
    const port = await freePort()
    const addRoutes = (app: FastifyInstance) => {
      app.get('/fetch', () => fetch(`http://127.0.0.1:${port}`))
      app.get('/other', async () => {
        throw Object.assign(new Error('another database has no connection left'), { code: '53300' })
      })
    }
    const { app, lines } = await buildWithRoutes(t, addRoutes, await backend.environment())
    await waitUntil(() => [...app.dependencies.values()].every(({ isUp }) => isUp()), 'everything is trusted')

    for (const url of ['/fetch', '/other']) {
      const reply = await app.inject({ method: 'GET', url })
      t.equal(reply.statusCode, 500, url)
      t.match(reply.json(), { code: 'INTERNAL_ERROR', detail: SERVER_ERROR_DETAIL })
      t.notOk('retry-after' in reply.headers)
    }
    const failed = lines.find(({ msg }) => msg === 'request failed')
    t.match(failed, { err: { message: 'fetch failed', cause: { code: 'ECONNREFUSED' } } }, 'the log has the cause')

    const ready = await app.inject({ method: 'GET', url: '/readyz' })
    t.equal(ready.statusCode, 200)
    t.match(ready.json(), { status: 'ok' })
    t.notOk(lines.some(({ event }) => event === 'dependency_down'))
  })
}

t.test('ASVS 13.2.6: connections that died silently are replaced without a restart', async (t) => {
  const server = await startPostgres()
  const uri = new URL(await server.createDatabase())
  const proxy = await startProxy(t, server.port)
  uri.port = `${proxy.port}`
  const { app, lines } = await buildWithLog(t, { DB_URI: uri.href })
  const { headers } = await logIn(app, 'ada')
  const me = async () => (await app.inject({ method: 'GET', url: '/api/users/me', headers })).statusCode

  proxy.forget()

  t.equal(await me(), 503)
  await waitUntil(async () => (await me()) === 200, 'it works again', 5000)
  const statuses = await Promise.all(Array.from({ length: 30 }, me))
  t.strictSame(new Set(statuses), new Set([200]), 'by every connection')
  const told = lines.filter(({ dependency }) => dependency === 'database')
  t.match(told, [{ level: 'warn', msg: 'replaced connections to the database that no longer answered' }])
})

t.test('if PostgreSQL comes back without its tables, replies are 503 and nothing is migrated', async (t) => {
  const server = await startPostgres()
  const uri = new URL(await server.createDatabase())
  const admin = postgres(uri.href.replace(uri.pathname, '/postgres'), { max: 1, onnotice: () => {} })
  t.teardown(() => admin.end())
  const { app, lines } = await buildWithLog(t, { DB_URI: uri.href, DB_MIGRATE: 'auto' })
  const { headers } = await logIn(app, 'ada')
  const me = async () => (await app.inject({ method: 'GET', url: '/api/users/me', headers })).statusCode
  const name = uri.pathname.slice(1)
  async function move(from: string, to: string) {
    await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${from}`
    await admin.unsafe(`alter database ${from} rename to ${to}`)
  }

  await move(name, `${name}_full`)
  await admin.unsafe(`create database ${name}`)

  const isPending = () =>
    lines.some(({ err }) => /migrations are pending/.test((err as Error | undefined)?.message ?? ''))
  await waitUntil(async () => {
    t.equal(await me(), 503)
    return isPending()
  }, 'that is said')
  t.equal(await isReady(app), false)
  const other = postgres(uri.href, { max: 1 })
  t.strictSame([...(await other`select tablename from pg_tables where schemaname = 'public'`)], [])
  await other.end()

  await move(name, `${name}_empty`)
  await move(`${name}_full`, name)
  await waitUntil(() => isReady(app), 'ready again', 5000)
  t.equal(await me(), 200)
})

t.test('while another process locks the SQLite file, writes are 503 and reads succeed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'starter-locked-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const { app, lines } = await buildWithLog(t, { DB_URI: `file:${join(folder, 'app.db')}` })
  const { headers } = await logIn(app, 'ada')
  const payload = { usernameOrEmail: 'ada', password: PASSWORD, authType: transports[0]?.kind }
  const rename = (name: string) => app.inject({ method: 'PATCH', url: '/api/users/me', payload: { name }, headers })
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
  t.equal(await isReady(app), false)

  // A wait for the lock blocks all requests, so all waits together must not take longer than one.
  const begin = performance.now()
  const statuses = await Promise.all(Array.from({ length: 40 }, async () => (await rename('Grace')).statusCode))
  t.strictSame(new Set(statuses), new Set([503]))
  t.ok(performance.now() - begin < 2000, 'many in a row wait no longer than one')

  other.exec('commit')
  await waitUntil(() => isReady(app), 'ready again', 5000)
  t.equal((await rename('Grace')).statusCode, 200)
  t.equal((await app.inject({ method: 'POST', url: '/api/auth/login', payload })).statusCode, 200)
  t.equal((await app.inject({ method: 'POST', url: '/api/auth/logout', headers })).statusCode, 204)
  const events = lines.filter(({ dependency }) => dependency === 'database').map(({ event }) => event)
  t.strictSame(events, ['dependency_down', 'dependency_up'], 'one line for each change')
})

t.test('requests wait for a short lock on the SQLite file', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'starter-short-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'app.db')
  const app = await build(t, { DB_URI: file })
  const { headers } = await logIn(app, 'ada')
  const source = `const d = require('better-sqlite3')(${JSON.stringify(file)})
    d.exec('begin exclusive'); console.log('locked'); setTimeout(() => d.exec('commit'), 100)`
  const other = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(other.stdout, 'data')

  const renamed = await app.inject({ method: 'PATCH', url: '/api/users/me', payload: { name: 'Grace' }, headers })

  t.equal(renamed.statusCode, 200)
  await once(other, 'exit')
})
