import { connect as connectTcp, createServer, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import t from 'tap'
import { InvalidSettings, readSettings } from '../../../../src/plugins/platform/config/settings.ts'
import { parseAddress } from '../../../../src/plugins/platform/db/address.ts'
import { build, buildWithLog, logIn, testEnvironment } from '../../../build.ts'
import { migratedPostgresUri, waitUntil } from '../../../servers.ts'

function faultsOf(DB_URI: string) {
  try {
    readSettings({ ...testEnvironment, DB_URI })
    return []
  } catch (error) {
    return error instanceof InvalidSettings ? error.faults : [error]
  }
}

t.test('an unknown parameter of DB_URI is refused by name, with the fix', async (t) => {
  const rows: [query: string, says: RegExp][] = [
    ['schema=hunter2', /^DB_URI .*\bschema\b.*search_path/],
    ['pgbouncer=true&connection_limit=7', /^DB_URI .*\bconnection_limit\b.*DB_POOL_MAX/],
    ['options=-c%20search_path%3Dhunter2', /^DB_URI .*\boptions\b.*on the role/],
    ['statement_timeout=7', /^DB_URI .*\bstatement_timeout\b.*remove it/],
    ['%68unter2%3D=1', /^DB_URI has a parameter that/],
    ['channel_binding=require', /^DB_URI .*channel_binding=require.*sslmode/],
    ['sslmode=no-verify&channel_binding=require', /^DB_URI .*channel_binding=require.*sslmode/]
  ]
  for (const [query, says] of rows) {
    const [fault, ...others] = faultsOf(`postgres://ada:secret@db/app?${query}`)
    t.match(fault, says, query)
    t.notMatch(`${fault}`, /hunter2|secret|ada/)
    t.same(others, [])
  }
  for (const uri of ['file:x.db?mode=rwc', 'x.db?mode=rwc', 'file:x.db#a'])
    t.match(faultsOf(uri), [/^DB_URI names an SQLite file, which has no parameters/], uri)
})

t.test('DB_URI is accepted as the consoles of hosting providers show it', async (t) => {
  for (const query of [
    'sslmode=require&channel_binding=require',
    'channel_binding=prefer',
    'pgbouncer=true&connect_timeout=15',
    'sslmode=require&supa=base-pooler.x',
    'application_name=shop&gssencmode=disable'
  ])
    t.same(faultsOf(`postgres://ada:secret@db/app?${query}`), [], query)
})

t.test('ASVS 16.2.5: a password that is not percent-encoded is refused, and no part of it is printed', async (t) => {
  for (const password of [
    'hun/ter2',
    '12/hunter2',
    '12?hunter2',
    '12?hunter2=1',
    '12#hunter2',
    'hun#ter2',
    '%hunter2',
    '1%2'
  ]) {
    const faults = faultsOf(`postgres://ada:${password}@db/app`)
    t.match(faults, [/^DB_URI has a special character .*percent-encode the password/], password)
    t.notMatch(faults.join(), /hun|ter2|ada/)
  }
  const { username, password } = parseAddress('postgres://ada%40x:p%40%2F%3F%23%25%3Aw@db/app')
  t.same({ username, password }, { username: 'ada@x', password: 'p@/?#%:w' })
})

t.test('host and port come from DB_URI, which may contain an IPv6 address', async (t) => {
  const rows: [uri: string, host: string[] | undefined, port: number[] | undefined][] = [
    ['postgres://u:p@[::1]:5433/db', ['::1'], [5433]],
    ['postgres://u:p@[fd00::7]/db', ['fd00::7'], [5432]],
    ['postgresql://db.example:6543/db', ['db.example'], [6543]],
    ['postgres:///db', undefined, undefined]
  ]
  for (const [uri, host, port] of rows) {
    const address: { host?: string[]; port?: number[] } = parseAddress(uri)
    t.same([address.host, address.port], [host, port], uri)
  }
})

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
t.test('the service connects to an IPv6 address', { skip: !hasIpv6 && 'needs the address ::1' }, async (t) => {
  const uri = new URL(await migratedPostgresUri())
  const port = Number(uri.port)
  const server: Server = createServer((client) => {
    const upstream = connectTcp(port, '127.0.0.1')
    client.on('error', () => upstream.destroy()).pipe(upstream)
    upstream.on('error', () => client.destroy()).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '::1', resolve))
  t.teardown(() => server.close())
  uri.host = `[::1]:${(server.address() as { port: number }).port}`
  const app = await build(t, { DB_URI: uri.href })
  await waitUntil(async () => (await app.inject({ method: 'GET', url: '/readyz' })).statusCode === 200, 'it is ready')
})

t.test('DB_POOL_MAX limits how many connections a replica opens', async (t) => {
  const DB_URI = `${await migratedPostgresUri()}?application_name=counted`
  const { app, lines } = await buildWithLog(t, { DB_URI, DB_POOL_MAX: '3' })
  await logIn(app, 'ada')
  const { sql } = await import('../../../../src/plugins/platform/db/drizzle.ts')
  const sleeping = () => app.db.select({ slept: sql`pg_sleep(0.05)::text` }).from(app.tables.users)
  await Promise.all(Array.from({ length: 12 }, sleeping))
  const counted = sql<number>`(select count(*)::int from pg_stat_activity where application_name = 'counted')`
  t.same(await app.db.select({ counted }).from(app.tables.users), [{ counted: 3 }])
  t.same(
    lines.filter(({ dependency }) => dependency === 'database'),
    []
  )
  for (const value of ['0', '1001', 'many']) {
    const read = () => readSettings({ ...testEnvironment, DB_POOL_MAX: value })
    t.throws(read, { message: /^DB_POOL_MAX must be a whole number from 1 to 1000/ }, value)
  }
})
