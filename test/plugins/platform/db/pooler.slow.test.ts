import type { FastifyInstance } from 'fastify'
import postgres from 'postgres'
import t from 'tap'
import { isTransactionPooler } from '../../../../src/plugins/platform/db/postgres/pooler.ts'
import { build, buildWithLog, logIn, PASSWORD, signUp, transports } from '../../../build.ts'
import { noPgBouncer, startPgBouncer } from '../../../pgbouncer.ts'
import { freshPostgresUri, waitUntil } from '../../../servers.ts'

// A real PgBouncer with its default configuration, except for the mode.

const NEW_PASSWORD = 'a long second password'
const times = <T>(count: number, work: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, i) => work(i)))

async function statusOf(app: FastifyInstance, headers: Record<string, string>) {
  return (await app.inject({ method: 'GET', url: '/api/users/me', headers })).statusCode
}

/** Logs out 24 sessions with cookies and tokens at once; returns those whose logout was acknowledged. */
async function logOutAll(app: FastifyInstance, sessions: Record<string, string>[]) {
  const replies = await Promise.all(
    sessions.map((headers) => app.inject({ method: 'POST', url: '/api/auth/logout', headers }))
  )
  return sessions.filter((_, i) => replies[i]?.statusCode === 204)
}

/** Twelve users and 24 logins, one after another, because the hash queue refuses those that wait for too long. */
async function logInAll(app: FastifyInstance) {
  const sessions: Record<string, string>[] = []
  for (let i = 0; i < 12; i++) {
    await signUp(app, `user-${i}`)
    for (const j of [0, 1]) {
      const transport = transports[j % transports.length] as (typeof transports)[number]
      sessions.push((await transport.logIn(app, `user-${i}`)).headers)
    }
  }
  return sessions
}

const modes = [
  { mode: 'session' as const, DB_POOLER: 'none' },
  { mode: 'transaction' as const, DB_POOLER: 'transaction' }
]
for (const { mode, DB_POOLER } of modes) {
  t.test(`behind PgBouncer with pool_mode=${mode}`, { skip: noPgBouncer }, async (t) => {
    const direct = await freshPostgresUri()
    // In session mode, each client connection occupies a server connection.
    const { uri: DB_URI } = await startPgBouncer(t, direct, mode, mode === 'session' ? ['default_pool_size = 40'] : [])
    const { app, lines } = await buildWithLog(t, { DB_URI, DB_POOLER })
    const sql = postgres(direct, { max: 1, onnotice: () => {} })
    t.teardown(() => sql.end({ timeout: 1 }))

    t.test('all of 24 logouts answered with 204 are stored', async (t) => {
      const sessions = await logInAll(app)
      const ended = await logOutAll(app, sessions)
      t.equal(ended.length, 24)
      t.strictSame(new Set(await Promise.all(ended.map((headers) => statusOf(app, headers)))), new Set([401]))
      t.same(await sql`select count(*)::int as live from sessions where revoked_at is null`, [{ live: 0 }])
    })

    t.test('12 acknowledged password changes are stored', async (t) => {
      const payload = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }
      let isOver = false
      // Other clients that use the connections in between.
      const reads = times(4, async () => {
        while (!isOver) await app.dependencies.get('database')?.check()
      })
      const statuses = []
      for (let i = 0; i < 12; i++) {
        const { headers } = await (transports[i % transports.length] as (typeof transports)[number]).logIn(
          app,
          `user-${i}`
        )
        const reply = await app.inject({ method: 'PUT', url: '/api/users/me/password', headers, payload })
        statuses.push(reply.statusCode)
      }
      isOver = true
      await reads
      t.ok(
        statuses.every((status) => status === 200 || status === 204),
        `${statuses}`
      )
      for (let i = 0; i < 12; i++) {
        const logInWith = (password: string) => {
          const payload = { usernameOrEmail: `user-${i}`, password, authType: transports[0]?.kind }
          return app.inject({ method: 'POST', url: '/api/auth/login', payload })
        }
        t.equal((await logInWith(PASSWORD)).statusCode, 401, 'the old one')
        t.equal((await logInWith(NEW_PASSWORD)).statusCode, 200, 'the new one')
      }
    })

    t.test('a change that waits for a lock times out, and does not happen later', async (t) => {
      const { headers } = await logIn(app, `waiting-by-${mode}`)
      await sql.unsafe('begin; select * from users for update')
      const payload = { name: 'Grace' }
      const reply = await app.inject({ method: 'PATCH', url: '/api/users/me', headers, payload })
      t.equal(reply.statusCode, 503)
      const watch = postgres(direct, { max: 1 })
      t.teardown(() => watch.end({ timeout: 1 }))
      const isOver = async () =>
        (await watch`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`)
          .length === 0
      await waitUntil(isOver, 'nobody waits for the lock any more', 3000)
      await sql.unsafe('commit')
      const me = await app.inject({ method: 'GET', url: '/api/users/me', headers })
      t.notMatch(me.json(), payload)
    })

    t.test('no session setting of the service reaches other clients', async (t) => {
      const rows = await times(20, async () => {
        const client = postgres(DB_URI, { max: 1, prepare: false, onnotice: () => {} })
        const [row] = await client.unsafe('show statement_timeout')
        await client.end({ timeout: 1 })
        return row?.['statement_timeout']
      })
      t.strictSame(new Set(rows), new Set(['0']))
    })

    t.test('the log reports no database outage', async (t) => {
      t.same(
        lines.filter(({ dependency }) => dependency === 'database'),
        []
      )
    })
  })
}

t.test('pgbouncer=true in DB_URI means DB_POOLER=transaction', { skip: noPgBouncer }, async (t) => {
  const { uri } = await startPgBouncer(t, await freshPostgresUri(), 'transaction')
  const app = await build(t, { DB_URI: `${uri}?pgbouncer=true&connect_timeout=15` })
  await t.resolves(logIn(app, 'ada'))
})

t.test(
  'an undeclared transaction pooler stops the start with an error that names it',
  { skip: noPgBouncer },
  async (t) => {
    const { uri } = await startPgBouncer(t, await freshPostgresUri(), 'transaction')
    await t.rejects(build(t, { DB_URI: uri }), { message: /^DB_URI .*DB_POOLER=transaction/ })
  }
)

t.test(
  'a transaction pooler that appears later is logged once, and acknowledged changes are still stored',
  { skip: noPgBouncer },
  async (t) => {
    const direct = await freshPostgresUri()
    const before = await startPgBouncer(t, direct, 'session')
    const { app, lines } = await buildWithLog(t, { DB_URI: before.uri })
    const sessions = await logInAll(app)
    const isUp = async () => (await app.inject({ method: 'GET', url: '/readyz' })).statusCode === 200
    const told = () => lines.filter(({ err }) => `${(err as Error | undefined)?.message}`.includes('DB_POOLER='))

    await before.stop()
    await startPgBouncer(t, direct, 'transaction', [], before.port)
    await waitUntil(isUp, 'it is back')
    const ended: typeof sessions = []
    await waitUntil(async () => {
      ended.push(...(await logOutAll(app, sessions)))
      await times(50, (i) => statusOf(app, sessions[i % 24] ?? {}))
      return told().length > 0
    }, 'it is named')

    t.match(told(), [{ level: 'error', event: 'dependency_down', dependency: 'database' }])
    // /readyz caches the result of a check for a moment.
    await waitUntil(async () => !(await isUp()), 'it is down')
    ended.push(...(await logOutAll(app, sessions)))
    t.ok(ended.length > 0, 'some are acknowledged')
    const other = await build(t, { DB_URI: direct })
    for (const headers of ended) t.equal(await statusOf(other, headers), 401)
    t.equal(told().length, 1, 'once')
  }
)

async function isFound(uri: string) {
  return isTransactionPooler(() => postgres(uri, { max: 1, prepare: false, fetch_types: false, onnotice: () => {} }))
}

t.test(
  'a transaction pooler is distinguished from a server and from a session pooler',
  { skip: noPgBouncer },
  async (t) => {
    const direct = await freshPostgresUri()
    const { uri: pooled } = await startPgBouncer(t, direct, 'transaction')
    const { uri: session } = await startPgBouncer(t, direct, 'session')
    t.equal(await isFound(direct), false)
    t.equal(await isFound(session), false)
    t.equal(await isFound(pooled), true)
    // Other clients that use the connections in between.
    const others = postgres(pooled, { max: 10, prepare: false, onnotice: () => {} })
    let isOver = false
    const work = times(30, async () => {
      while (!isOver) await others.unsafe('select pg_sleep(0.001)')
    })
    t.strictSame(await times(5, () => isFound(pooled)), [true, true, true, true, true])
    isOver = true
    await work
    await others.end({ timeout: 1 })
  }
)
