import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { build, logIn, PASSWORD, signUp, transports } from '../../../build.ts'
import { noPgBouncer, startPgBouncer } from '../../../pgbouncer.ts'
import { settled } from '../../../process.ts'
import { freshPostgresUri } from '../../../servers.ts'

// Settings and missing rights of a database role.

const ROOT = join(import.meta.dirname, '../../../..')

async function open(t: Test, uri: string) {
  const sql = postgres(uri, { max: 1, onnotice: () => {} })
  t.teardown(() => sql.end({ timeout: 1 }))
  return sql
}

/** The URI of the same database for another role. */
function as(uri: string, username: string) {
  return Object.assign(new URL(uri), { username }).href
}

const ways = [
  { name: 'PostgreSQL', skip: false as const, reach: async (_: Test, uri: string) => ({ DB_URI: uri }) },
  {
    name: 'a transaction pooler',
    skip: noPgBouncer,
    reach: async (t: Test, uri: string) => ({
      DB_URI: (await startPgBouncer(t, uri, 'transaction')).uri,
      DB_POOLER: 'transaction'
    })
  }
]
for (const { name, skip, reach } of ways) {
  t.test(`times are read correctly whatever the settings of the role, by ${name}`, { skip }, async (t) => {
    const uri = await freshPostgresUri()
    const sql = await open(t, uri)
    const [database] = await sql`select current_database() as name`
    for (const [i, style] of ['SQL, DMY', 'German', 'Postgres, MDY'].entries()) {
      await sql.unsafe(`alter database ${database?.['name']} set datestyle = '${style}'`)
      await sql.unsafe(`alter database ${database?.['name']} set timezone = 'Asia/Kathmandu'`)
      const app = await build(t, await reach(t, uri))
      const begin = Date.now()
      for (const transport of transports) {
        const { headers, user } = await logIn(app, `ada-${i}-by-${transport.kind}`, transport)
        t.ok(Math.abs(Date.parse(user.createdAt) - begin) < 30_000, user.createdAt)
        const reply = await app.inject({ method: 'GET', url: '/api/auth/check-auth', headers })
        t.ok(Math.abs(Date.parse(reply.json().session.createdAt) - begin) < 30_000, style)
      }
      await app.close()
    }
  })

  t.test(`default_transaction_isolation=serializable causes no 500, by ${name}`, { skip }, async (t) => {
    const uri = await freshPostgresUri()
    const sql = await open(t, uri)
    const [database] = await sql`select current_database() as name`
    await sql.unsafe(`alter database ${database?.['name']} set default_transaction_isolation = 'serializable'`)
    const app = await build(t, await reach(t, uri))
    const { headers } = await logIn(app, 'ada')
    const rename = async (i: number) => {
      const payload = { name: `Ada ${i}` }
      return (await app.inject({ method: 'PATCH', url: '/api/users/me', headers, payload })).statusCode
    }
    for (let round = 0; round < 5; round++) {
      const statuses = await Promise.all(Array.from({ length: 30 }, (_, i) => rename(i)))
      t.strictSame(new Set(statuses), new Set([200]))
    }
  })
}

/** Runs the service's own migration command. */
function migrate(DB_URI: string) {
  const env = { ...settled, PATH: process.env['PATH'], NODE_ENV: 'production', DB_URI }
  return spawnSync(process.execPath, [join(ROOT, 'scripts/migrate.ts')], { env, encoding: 'utf8', cwd: '/' })
}

/** The statements that docs/operations.md shows for a role. */
function documented(heading: string) {
  const text = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')
  const section = text.slice(text.indexOf(heading))
  return [...section.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, statements = '']) => statements)
}

t.test('a role that lacks a right is reported with DB_URI and the fix', async (t) => {
  const uri = await freshPostgresUri()
  const sql = await open(t, uri)
  await sql.unsafe('create role nobody_here login')
  const mine = as(uri, 'nobody_here')
  const says = /DB_URI names a role that lacks rights .*docs\/operations\.md/

  const before = migrate(mine)
  t.match(before.stderr, says, 'it may make no schema')
  t.equal(before.status, 1)

  t.equal(migrate(uri).status, 0)
  await t.rejects(build(t, { DB_URI: mine, DB_MIGRATE: 'check' }), { message: says }, 'it may not look into drizzle')
  await sql.unsafe('grant usage on schema drizzle to nobody_here')
  await t.rejects(build(t, { DB_URI: mine, DB_MIGRATE: 'check' }), { message: says }, 'it may not read the journal')
  t.match(migrate(mine).stderr, says)
})

t.test('the grants of docs/operations.md are enough for the service and for migrations', async (t) => {
  const uri = await freshPostgresUri()
  const sql = await open(t, uri)
  const [database] = await sql`select current_database() as name`
  const [roles, grants] = documented('## PostgreSQL: roles and grants').map((text) =>
    text.replaceAll(/\bapp\b/g, `${database?.['name']}`)
  )
  await sql.unsafe(`${roles}`.replace(/create database (\w+) owner (\w+)/, 'alter database $1 owner to $2'))
  const owner = as(uri, 'app_owner')
  t.equal(migrate(owner).status, 0)
  const admin = await open(t, owner)
  await admin.unsafe(`${grants}`)

  const app = await build(t, { DB_URI: as(uri, 'app_service'), DB_MIGRATE: 'check' })
  for (const transport of transports) {
    const { headers } = await logIn(app, `ada-by-${transport.kind}`, transport)
    const payload = { currentPassword: PASSWORD, newPassword: 'a long second password' }
    const changed = await app.inject({ method: 'PUT', url: '/api/users/me/password', headers, payload })
    t.match(`${changed.statusCode}`, /^20[04]$/)
  }
  await signUp(app, 'grace')
  const [table] = await admin`select has_table_privilege('app_service', 'users', 'truncate') as may`
  t.equal(table?.['may'], false, 'and no more than that')
  t.equal(migrate(owner).status, 0, 'who owns them may go on migrating')
})
