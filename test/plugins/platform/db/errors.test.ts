import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import postgres from 'postgres'
import t from 'tap'
import {
  isForeignKeyViolation,
  isOutage,
  isUnavailable,
  isUniqueViolation,
  markDatabaseError
} from '../../../../src/plugins/platform/db/errors.ts'
import { openDatabase } from '../../../../src/plugins/platform/db/migrations.ts'
import { limitBusyTimeout } from '../../../../src/plugins/platform/db/sqlite/busy-timeout.ts'
import { ServiceUnavailable } from '../../../../src/plugins/platform/errors/errors.ts'
import { DeadlineExceeded } from '../../../../src/plugins/platform/time-budget/time-budget.ts'
import { freePort, freshPostgresUri, waitUntil } from '../../../servers.ts'

async function errorOf(call: () => unknown) {
  try {
    await call()
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown')
}

t.test('PostgreSQL errors count as an outage only if the server cannot work', async (t) => {
  const uri = await freshPostgresUri()
  const sql = postgres(uri, { max: 1, onnotice: () => {} })
  t.teardown(() => sql.end({ timeout: 1 }))
  const other = postgres(uri, { max: 1, backoff: () => 0.01 })
  t.teardown(() => other.end({ timeout: 1 }))
  const [row] = await other`select pg_backend_pid() as pid`
  const killed = errorOf(() => other`select pg_sleep(10)`)
  const isAsleep = async () =>
    (await sql`select 1 from pg_stat_activity where wait_event = 'PgSleep' and pid = ${row?.['pid']}`).length > 0
  await waitUntil(isAsleep, 'the other connection is busy')
  await sql`select pg_terminate_backend(${row?.['pid']})`

  const refused = await openDatabase(`postgres://127.0.0.1:${await freePort()}/app`)
  t.teardown(() => refused.close())
  const outages = {
    refused: await errorOf(() => refused.ping()),
    'connection killed': await killed,
    'other tables': await errorOf(() => sql.unsafe('select * from nothing')),
    timeout: await errorOf(() => sql.unsafe('set statement_timeout = 20; select pg_sleep(5)')),
    'read-only': await errorOf(() => sql.unsafe('begin read only; create table a (id int)')),
    'own deadline': new DeadlineExceeded(800),
    'as a cause': new Error('Failed query', { cause: new Error('deeper', { cause: new DeadlineExceeded(800) }) })
  }
  for (const [what, error] of Object.entries(outages)) {
    t.equal(isOutage(error), true, `${what}: ${(error as { code?: string }).code}`)
    t.equal(isUniqueViolation(error), false, what)
  }
  await sql.unsafe('rollback')
  const faults = {
    syntax: await errorOf(() => sql.unsafe('selec 1')),
    'bad id': await errorOf(() => sql.unsafe("select 'x'::uuid")),
    'no error': 'ECONNREFUSED'
  }
  for (const [what, error] of Object.entries(faults)) t.equal(isOutage(error), false, what)
})

t.test('SQLite errors count as an outage only if the file cannot be used', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'starter-errors-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'app.db')
  const client = new BetterSqlite(file, { timeout: 0 })
  t.teardown(() => client.close())
  client.exec('create table a (id integer primary key)')
  const other = new BetterSqlite(file)
  const reader = new BetterSqlite(file, { readonly: true })
  t.teardown(() => reader.close())

  other.exec('begin exclusive')
  const busy = await errorOf(() => client.exec('insert into a values (1)'))
  other.close()
  client.pragma('max_page_count = 2')
  const outages = {
    busy,
    full: await errorOf(() => client.exec('create table b (id integer)')),
    'read-only': await errorOf(() => reader.exec('insert into a values (1)')),
    'cannot be opened': await errorOf(() => new BetterSqlite(folder))
  }
  for (const [what, error] of Object.entries(outages)) {
    t.equal(isOutage(error), true, `${what}: ${(error as { code?: string }).code}`)
    t.equal(isUniqueViolation(error), false, what)
  }
  t.equal(isOutage(await errorOf(() => client.exec('selec 1'))), false, 'syntax')
})

t.test('only a database error counts as an outage or a violation, also as the cause of another error', async (t) => {
  const port = await freePort()
  const rows = [
    { what: 'a refused connection', make: () => errorOf(() => fetch(`http://127.0.0.1:${port}`)), is: isUnavailable },
    { what: 'a deadline', make: () => new DeadlineExceeded(400), is: isUnavailable },
    { what: 'a full disk', make: () => Object.assign(new Error(), { code: 'SQLITE_FULL' }), is: isUnavailable },
    { what: 'a double', make: () => Object.assign(new Error(), { code: '23505' }), is: isUniqueViolation },
    { what: 'an orphan', make: () => Object.assign(new Error(), { code: '23503' }), is: isForeignKeyViolation }
  ]
  for (const { what, make, is } of rows) {
    const error = await make()
    t.equal(is(error), false, `${what} of something else`)
    t.equal(is(new ServiceUnavailable({ cause: error })), false, `${what} of Redis`)
    markDatabaseError(error)
    t.equal(is(error), true, `${what} of the database`)
    t.equal(is(new Error('Failed query', { cause: error })), true, `${what} of the database as a cause`)
  }
  t.equal(isUnavailable(markDatabaseError('ECONNREFUSED')), false, 'no error')
})

t.test('failed reads and writes of SQLite are reported as failures of the database', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'starter-marks-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'app.db')
  const client = new BetterSqlite(file, { timeout: 0 })
  t.teardown(() => client.close())
  client.exec('create table a (id integer primary key)')
  const failures: unknown[] = []
  const { prepare } = limitBusyTimeout(client, (error) => failures.push(error))
  const read = prepare('select id from a')
  const write = prepare('insert into a values (1)')
  // SQLite reads the schema when it prepares the first statement.
  const fresh = new BetterSqlite(file, { timeout: 0 })
  t.teardown(() => fresh.close())
  const { prepare: prepareFresh } = limitBusyTimeout(fresh, (error) => failures.push(error))
  // Without WAL, a lock blocks readers too.
  const other = new BetterSqlite(file)
  t.teardown(() => other.close())
  other.exec('begin exclusive')

  const calls = {
    all: () => read.all(),
    get: () => read.get(),
    'raw rows': () => read.raw().all(),
    run: () => write.run(),
    prepare: () => prepareFresh('select id from a')
  }
  for (const [what, call] of Object.entries(calls)) {
    const error = await errorOf(call)
    t.equal(isUnavailable(error), true, `${what}: ${(error as { code?: string }).code}`)
    t.equal(failures.pop(), error, what)
  }
  other.exec('commit')
  t.strictSame(read.raw(false).all(), [])
  t.strictSame(failures, [])
})
