import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres, { type Sql } from 'postgres'
import t, { type Test } from 'tap'
import { connect, FOR_TRANSACTION } from '../../../../src/plugins/platform/db/postgres/connect.ts'
import { createPool } from '../../../../src/plugins/platform/db/postgres/pool.ts'
import { startProxy, type Proxy as TcpProxy } from '../../../proxy.ts'
import { freshPostgresUri, waitUntil } from '../../../servers.ts'

const MAX = 2
const down = { code: 'DATABASE_DOWN' }
const lost = { code: 'CONNECTION_LOST' }
const late = { code: 'DEADLINE_EXCEEDED' }

/** Ends every connection to this database. */
const TERMINATE =
  'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()'

/** A pool that reaches a new database through a proxy, and the failures it reported. */
async function open(t: Test, username = 'postgres', isPooled = false) {
  const uri = new URL(await freshPostgresUri())
  const proxy = await startProxy(t, Number(uri.port))
  const server = uri.href
  const direct = postgres(server, { max: 1 })
  if (username !== 'postgres') await direct.unsafe(`create role ${username} login`)
  Object.assign(uri, { username, port: `${proxy.port}` })
  const faults: unknown[] = []
  const pool = createPool(
    (onLost) => connect(uri.href, onLost, { max: MAX, isPooled }),
    (error) => faults.push(error),
    isPooled ? FOR_TRANSACTION : ''
  )
  t.teardown(async () => {
    await proxy.open()
    await pool.close()
    await direct.end()
  })
  const pid = async () => (await pool.query((sql) => sql`select pg_backend_pid() as pid`))[0]?.['pid'] as number
  return { pool, proxy, direct, faults, pid }
}

t.test('ASVS 13.2.6: dead connections are replaced', async (t) => {
  const { pool, proxy, pid, faults } = await open(t)
  const before = await pid()

  proxy.forget()
  await t.rejects(pid(), late)
  t.equal(faults.length, 1)
  t.equal(await pool.check(), true, 'the server is there')

  const after = await Promise.all(Array.from({ length: 20 }, pid))
  t.notOk(after.includes(before))
})

t.test('a slow server keeps its connections', async (t) => {
  const { pool, pid } = await open(t)
  const before = await pid()

  await t.rejects(
    pool.query((sql) => sql`select pg_sleep(0.95)`),
    late
  )
  t.equal(await pool.check(), false, 'one slow query is no loss')

  const after = await Promise.all(Array.from({ length: 20 }, pid))
  t.ok(after.includes(before))
})

t.test('too_many_connections does not close existing connections', async (t) => {
  const { pool, pid, direct } = await open(t, 'visitor')
  const before = await pid()
  const [database] = await direct`select current_database() as name`
  await direct.unsafe(`alter database ${database?.['name']} connection limit 1`)

  t.equal(await pool.check(), false)
  t.equal(await pid(), before)
})

t.test('no query is sent to a server that is down, so none runs late', async (t) => {
  const { pool, proxy, direct } = await open(t)
  await direct`create table done (what text)`
  proxy.slow(2000)
  await t.rejects(pool.check(), late)

  const begin = performance.now()
  for (let i = 0; i < 100; i++)
    await t.rejects(
      pool.query((sql) => sql`insert into done values ('late')`),
      down
    )
  t.ok(performance.now() - begin < 700, 'nobody waits')

  await proxy.open()
  await t.resolves(pool.check())
  t.same(await pool.query((sql) => sql`select * from done`), [])
})

t.test('a server that closes every connection is not retried in a tight loop', async (t) => {
  const { pool, proxy } = await open(t)
  await t.resolves(pool.check())

  proxy.shut()
  await t.rejects(pool.query((sql) => sql`select 1`))
  await t.rejects(pool.check())
  const first = proxy.count()
  await t.rejects(pool.check(), lost)
  await sleep(50)
  const before = proxy.count()
  t.ok(before - first <= 2, `a look is a call or two: ${before - first}`)
  await sleep(300)
  t.equal(proxy.count(), before, 'only where somebody looks')

  await proxy.open()
  await t.resolves(pool.check())
})

t.test('refused connections are retried until the server listens', async (t) => {
  const { proxy, pid } = await open(t)
  proxy.refuse()
  for (let i = 0; i < 2 * MAX; i++) await t.rejects(pid(), { code: 'ECONNREFUSED' })
  await proxy.open()
  await t.resolves(Promise.all(Array.from({ length: 2 * MAX }, pid)))
})

t.test('a read-only server counts as down', async (t) => {
  const { pool, direct } = await open(t)
  await t.resolves(pool.check())
  const [database] = await direct`select current_database() as name`

  await direct.unsafe(`alter database ${database?.['name']} set default_transaction_read_only = on`)
  await direct.unsafe(TERMINATE)
  await t.rejects(pool.check(), { code: '25006' })
  await t.rejects(
    pool.query((sql) => sql`select 1`),
    down
  )

  await direct.unsafe(
    `begin read write; alter database ${database?.['name']} reset default_transaction_read_only; commit`
  )
  await t.resolves(pool.check())
})

t.test('a reply that is cut off takes no row from the next one', async (t) => {
  const { pool } = await open(t)
  // The first rows arrive while the third is still computed.
  const wide = "select repeat('x', 20000), case when i > 2 then pg_sleep(3)::text end from generate_series(1, 3) i"
  await t.rejects(Promise.all(Array.from({ length: MAX }, () => pool.queryUnguarded((sql) => sql.unsafe(wide)))), late)
  await sleep(500)

  const answers = await Promise.all(
    [1, 2, 3, 4].map((i) => pool.query((sql) => sql.unsafe(`select ${i} as found`).values()))
  )
  t.strictSame(
    answers.map((rows) => [rows.length, rows[0]]),
    [1, 2, 3, 4].map((i) => [1, [i]])
  )
})

t.test('a query sent while its connection is lost fails or gets its rows, never an empty reply', async (t) => {
  const { pool, proxy, pid } = await open(t)
  const found = async () => [...(await pool.query((sql) => sql.unsafe('select 1 as found').values()))]
  const answers: Promise<unknown>[] = []
  const ours = new Set<Socket>()
  const { emit } = Socket.prototype
  t.capture(Socket.prototype, 'emit', function (this: Socket, event: string, cause?: unknown) {
    const isHeard: boolean = Reflect.apply(emit, this, [event, cause])
    if (event === 'connect' && this.remotePort === proxy.port) ours.add(this)
    // The pool knows that this socket is lost, but it is not closed yet.
    if (event === 'error' && ours.has(this)) answers.push(found())
    return isHeard
  })
  await pid()

  proxy.refuse()
  await proxy.open()
  await waitUntil(() => answers.length > 0, 'it is lost')
  t.strictSame(await found(), [[1]])

  for (const answer of await Promise.allSettled(answers))
    if (answer.status === 'fulfilled') t.strictSame(answer.value, [[1]])
    else t.match(answer.reason.code, /^(CONNECTION_LOST|ECONN\w+)$/)
})

const ends = [
  { name: 'reset', lose: (proxy: TcpProxy) => proxy.shut() },
  // What PostgreSQL does when it stops: it sends an error and closes the connection.
  { name: 'ended by the server', lose: (_: TcpProxy, direct: Sql) => direct.unsafe(TERMINATE) }
]
for (const { name, lose } of ends) {
  t.test(`a transaction whose connection is ${name} fails, and the pool keeps working`, async (t) => {
    const { pool, proxy, direct } = await open(t)
    await direct`create table done (round int)`
    for (let round = 0; round < 2 * MAX; round++) {
      let isOver = false
      const transaction = pool.begin(async (tx) => {
        await tx`insert into done values (${round})`
        return tx.unsafe(`select pg_sleep(5), ${round} as round`).finally(() => {
          isOver = true
        })
      })
      const isAsleep = async () => {
        const mine = direct`datname = current_database() and query like ${`% ${round} as round`}`
        return (await direct`select 1 from pg_stat_activity where wait_event = 'PgSleep' and ${mine}`).length > 0
      }
      await waitUntil(isAsleep, 'it is under way')
      const begin = performance.now()
      await Promise.all([t.rejects(transaction, { code: /^(CONNECTION_LOST|ECONNRESET)$/ }), lose(proxy, direct)])
      t.ok(isOver && performance.now() - begin < 4000, 'it is told before it would be done')
      await proxy.open()

      const answers = await Promise.all([1, 2, 3, 4].map((i) => pool.query((sql) => sql`select ${i}::int as found`)))
      t.strictSame(
        answers.map(([row]) => row?.['found']),
        [1, 2, 3, 4]
      )
      t.equal(await pool.begin(async (tx) => (await tx`select 5 as found`)[0]?.['found']), 5)
    }
    t.same(await direct`select * from done`, [], 'and nothing is done')
  })
}

t.test('a lost connection does not affect a transaction on another one', async (t) => {
  const { pool, direct } = await open(t)
  await direct`create table done (what text)`
  const transaction = pool.begin(async (tx) => {
    await tx`insert into done values ('slowly')`
    await tx`select pg_sleep(0.4)`
  })
  const other = t.rejects(pool.query((sql) => sql.unsafe('select pg_sleep(1), 2 as other')))
  await sleep(100)
  await direct.unsafe(`${TERMINATE} and query like '%other'`)
  await Promise.all([other, transaction])
  t.strictSame([...(await direct`select * from done`)], [{ what: 'slowly' }])
})

/** A statement that fails on the server with this code. */
const FAIL = (code: string) => `do $$ begin raise exception using errcode = '${code}'; end $$`

for (const code of ['40001', '40P01']) {
  t.test(`a conflict with another transaction (${code}) is retried a few times`, async (t) => {
    const { pool, direct, faults } = await open(t)
    await direct`create table done (what text)`
    let tries = 0
    const work = () =>
      pool.begin(async (tx) => {
        await tx`insert into done values ('once')`
        if (++tries < 3) await tx.unsafe(FAIL(code))
        return tries
      })
    t.equal(await pool.query(work), 3)
    t.same(await direct`select * from done`, [{ what: 'once' }])
    t.same(faults, [])

    tries = -100
    await t.rejects(pool.query(work), { code })
    t.ok(tries < -90, 'but not for ever')
    t.same(await direct`select * from done`, [{ what: 'once' }])
    t.match(faults, [{ code }])
  })
}

t.test('a transaction whose COMMIT is answered with ROLLBACK fails', async (t) => {
  const { pool, direct, pid } = await open(t)
  await direct`create table done (what text)`
  const failed = pool.begin(async (tx) => {
    await tx`insert into done values ('lost')`
    // The client never learns that this failed, as with a COMMIT that a driver sends again.
    await tx.unsafe("select set_config('x.y', 'z', true); select 1/0").catch(() => {})
  })
  await t.rejects(failed, { code: 'NOT_COMMITTED' })
  t.same(await direct`select * from done`, [])
  t.equal((await Promise.all([1, 2, 3, 4].map(pid))).length, 4, 'its connection goes on')
})

t.test('the end of one transaction never ends the next one on the same connection', async (t) => {
  const { pool, direct } = await open(t)
  await direct`create table done (what int)`
  const insert = (what: number) =>
    pool.begin(async (tx) => {
      await tx`insert into done values (${what})`
      if (what % 3 === 1) throw new Error('undone')
      if (what % 3 === 2) await tx.unsafe('select 1/0').catch(() => {})
      await tx`select pg_sleep(0.005)`.catch(() => {})
    })
  const results = await Promise.allSettled(Array.from({ length: 60 }, (_, i) => insert(i)))
  const expected = results.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []))
  t.strictSame(
    expected,
    Array.from({ length: 20 }, (_, i) => 3 * i)
  )
  const rows = await direct`select what from done order by what`
  t.strictSame(
    rows.map(({ what }) => what),
    expected
  )
})

for (const isPooled of [false, true]) {
  const name = isPooled ? 'for a transaction pooler' : 'by itself'
  t.test(`the locks of a transaction whose connection was lost are released quickly, ${name}`, async (t) => {
    const { pool, proxy, direct } = await open(t, 'postgres', isPooled)
    await direct`create table held (what text)`
    await direct`insert into held values ('row')`
    const begin = Promise.withResolvers<void>()
    const never = new Promise<never>(() => {})
    pool
      .begin(async (tx) => {
        await tx`select * from held for update`
        begin.resolve()
        return never
      })
      .catch(() => {})
    await begin.promise
    proxy.forget()
    await direct.unsafe("set lock_timeout = '4s'")
    await t.resolves(direct`update held set what = 'free'`)
  })
}
