import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { createPool } from '../../../src/plugins/db/pool.ts'
import { startProxy } from '../../proxy.ts'
import { freshPostgresUri } from '../../servers.ts'

const down = { code: 'DATABASE_DOWN' }
const late = { code: 'DEADLINE_EXCEEDED' }

/** A pool on a database of the test's own, by way of a proxy, and the faults that it told of. */
async function open(t: Test, username = 'postgres') {
  const uri = new URL(await freshPostgresUri())
  const proxy = await startProxy(t, Number(uri.port))
  const direct = postgres(uri.href, { max: 1 })
  if (username !== 'postgres') await direct.unsafe(`create role ${username} login`)
  Object.assign(uri, { username, port: `${proxy.port}` })
  const faults: unknown[] = []
  const connect = () => postgres(uri.href, { max: 2, connect_timeout: 1, backoff: () => 0.05, fetch_types: false })
  const pool = createPool(connect, (error) => faults.push(error))
  t.teardown(async () => {
    await proxy.open()
    await pool.close()
    await direct.end()
  })
  const pid = async () => (await pool.ask((sql) => sql`select pg_backend_pid() as pid`))[0]?.['pid'] as number
  return { pool, proxy, direct, faults, pid }
}

t.test('ASVS 13.2.6: connections that lead nowhere any more are replaced', async (t) => {
  const { pool, proxy, pid, faults } = await open(t)
  const before = await pid()

  proxy.forget()
  await t.rejects(pid(), late)
  t.equal(faults.length, 1)
  t.equal(await pool.check(), true, 'the server is there')

  const after = await Promise.all(Array.from({ length: 20 }, pid))
  t.notOk(after.includes(before))
})

t.test('a server that is slow keeps its connections', async (t) => {
  const { pool, pid } = await open(t)
  const before = await pid()

  await t.rejects(
    pool.ask((sql) => sql`select pg_sleep(0.95)`),
    late
  )
  t.equal(await pool.check(), false, 'one slow query is no loss')

  const after = await Promise.all(Array.from({ length: 20 }, pid))
  t.ok(after.includes(before))
})

t.test('a server that has no place for more connections keeps those that it has', async (t) => {
  const { pool, pid, direct } = await open(t, 'visitor')
  const before = await pid()
  const [database] = await direct`select current_database() as name`
  await direct.unsafe(`alter database ${database?.['name']} connection limit 1`)

  t.equal(await pool.check(), false)
  t.equal(await pid(), before)
})

t.test('while it is down nothing is sent to it, so nothing is done late', async (t) => {
  const { pool, proxy, direct } = await open(t)
  await direct`create table done (what text)`
  proxy.slow(2000)
  await t.rejects(pool.check(), late)

  const begin = performance.now()
  for (let i = 0; i < 100; i++)
    await t.rejects(
      pool.ask((sql) => sql`insert into done values ('late')`),
      down
    )
  t.ok(performance.now() - begin < 700, 'nobody waits')

  await proxy.open()
  await t.resolves(pool.check())
  t.same(await pool.ask((sql) => sql`select * from done`), [])
})

t.test('one that hangs up is not called all the time', async (t) => {
  const { pool, proxy } = await open(t)
  await t.resolves(pool.check())

  proxy.shut()
  await t.rejects(pool.ask((sql) => sql`select 1`))
  await t.rejects(pool.check())
  const first = proxy.count()
  await t.rejects(pool.check(), down)
  await sleep(50)
  const before = proxy.count()
  t.ok(before - first <= 2, `a look is a call or two: ${before - first}`)
  await sleep(300)
  t.equal(proxy.count(), before, 'only where somebody looks')

  await proxy.open()
  await t.resolves(pool.check())
})

t.test('one that takes no changes counts as down', async (t) => {
  const { pool, direct } = await open(t)
  await t.resolves(pool.check())
  const [database] = await direct`select current_database() as name`

  await direct.unsafe(`alter database ${database?.['name']} set default_transaction_read_only = on`)
  await direct`select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()`
  await t.rejects(pool.check(), { code: '25006' })
  await t.rejects(
    pool.ask((sql) => sql`select 1`),
    down
  )

  await direct.unsafe(
    `begin read write; alter database ${database?.['name']} reset default_transaction_read_only; commit`
  )
  await t.resolves(pool.check())
})

t.test('an answer that breaks off takes no row from the next one', async (t) => {
  const { pool, proxy } = await open(t)
  // The first rows are on their way while the third is waited for.
  const wide = "select repeat('x', 20000), case when i > 2 then pg_sleep(3)::text end from generate_series(1, 3) i"
  const broken = t.rejects(Promise.all([1, 2].map(() => pool.ask((sql) => sql.unsafe(wide)))))
  await sleep(300)
  await proxy.shut()
  await broken
  await proxy.open()

  const answers = await Promise.all(
    [1, 2, 3, 4].map((i) => pool.ask((sql) => sql.unsafe(`select ${i} as found`).values()))
  )
  t.strictSame(
    answers.map((rows) => [rows.length, rows[0]]),
    [1, 2, 3, 4].map((i) => [1, [i]])
  )
})
