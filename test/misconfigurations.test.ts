import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { checkEnvironment, loadEnvironment } from '../src/plugins/platform/config/env-file.ts'
import { explainListen } from '../src/plugins/platform/config/listen.ts'
import { readSettings, settingNames } from '../src/plugins/platform/config/settings.ts'
import { explain } from '../src/plugins/platform/db/explain.ts'
import { migrationsFor, openDatabase } from '../src/plugins/platform/db/migrations.ts'
import { buildWithLog, randomKey, testEnvironment } from './build.ts'
import { freePort, freshPostgresUri } from './servers.ts'

// What a mistake of the operator makes the service say: one line that names the setting and the cure, and no value.
// misconfigurations.slow.test.ts has what needs processes.

/** Part of each value that may be a secret. */
const SECRET = 'hunter2'
const key = randomKey()
const pem = '-----BEGIN PRIVATE KEY-----\\nhunter2\\n-----END PRIVATE KEY-----'

const settings: [name: string, value: string, says: RegExp][] = [
  ['HOST', 'http://hunter2', /must be a host name or an address/],
  ['PORT', 'hunter2', /whole number from 0 to 65535/],
  ['PORT', '80000', /whole number from 0 to 65535/],
  ['TRUST_PROXY', '10.0.0.1,hunter2', /must list addresses .*: entry 2 of 2 is invalid/],
  ['TRUST_PROXY', 'true', /true and numbers are not accepted/],
  ['SHUTDOWN_DELAY', 'hunter2', /must be a duration such as/],
  ['SHUTDOWN_DELAY', '2h', /from 0s to 1h/],
  ['LOG_LEVEL', 'hunter2', /must be one of fatal, error, warn/],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'hunter2', /must be http:/],
  ['DB_URI', 'postgres://ada:hunter2/x@db/app', /percent-encode the password/],
  ['DB_URI', 'postgres://ada:hunter2#x@db/app', /percent-encode the password/],
  ['DB_URI', 'postgres://ada:hunter2?x@db/app', /percent-encode the password/],
  ['DB_URI', 'postgres://ada:hunter2%x@db/app', /percent-encode the password/],
  ['DB_URI', 'postgres://ada:hunter2 x@db/app', /percent-encode the password/],
  ['DB_URI', 'postgres://ada:hunter2', /cannot be parsed: write postgres:.*in quotes if it contains #/],
  ['DB_URI', 'postgres://ada:12', /does not name a database: write postgres:/],
  ['DB_URI', 'postgres://ada:hunter2@db', /does not name a database: write postgres:/],
  ['DB_URI', 'postgres://ada:hunter2@db1,db2/app', /names several hosts: name the one that accepts writes/],
  ['DB_URI', 'postgres://db/app?sslmode=hunter2', /unknown sslmode: use disable, require, verify-full/],
  ['DB_URI', 'postgres://db/app?sslrootcert=hunter2', /sslrootcert, .*NODE_EXTRA_CA_CERTS/],
  ['DB_URI', 'postgres://db/app?schema=hunter2', /schema, .*set search_path on the role/],
  ['DB_URI', 'mysql://ada:hunter2@db/app', /must be an address of PostgreSQL or an SQLite file/],
  ['DB_URI', 'file:./app.db?key=hunter2', /remove what follows the \? or #/],
  ['DB_MIGRATE', 'hunter2', /must be one of default, auto, check/],
  ['DB_POOLER', 'hunter2', /must be one of none, transaction/],
  ['DB_POOL_MAX', '0', /whole number from 1 to 1000/],
  ['REDIS_URL', 'localhost:hunter2', /must be redis:/],
  ['REDIS_PREFIX', 'hunter2{}', /must be up to 64 letters/],
  ['EVENTS_TTL', '0', /must be a duration/],
  ['METRICS_PORT', 'hunter2', /whole number from 1/],
  ['METRICS_HOST', 'http://hunter2', /must be a host name/],
  ['COOKIE_SECURE', 'hunter2', /must be true or false/],
  ['HSTS', 'hunter2', /must be one of includeSubDomains, true, false/],
  ['CORS_API_ORIGINS', '*', /exact origins .*: the only entry is invalid/],
  ['CORS_API_ORIGINS', 'https://a.example,https://hunter2/', /exact origins .*: entry 2 of 2 is invalid/],
  ['CORS_ALLOWED_HEADERS', 'x-a,hunter2:', /names of request headers .*: entry 2 of 2 is invalid/],
  ['MAX_EVENT_LOOP_DELAY_MS', 'hunter2', /whole number from 0/],
  ['RATE_LIMIT_MAX', '0', /whole number from 1/],
  ['RATE_LIMIT_WINDOW', '30d', /must be a duration .* to 24d/],
  ['RATE_LIMIT_SHARED', 'hunter2', /must be true or false/],
  ['COOKIE_SAME_SITE', 'hunter2', /must be one of lax, strict, none/],
  ['PASSWORD_MIN_LENGTH', '4', /whole number from 8 to 256/],
  ['SECRET_KEY', '', /is required: .*openssl rand -base64 48/],
  ['SECRET_KEY', 'hunter2', /: the only entry has fewer than 32 characters/],
  ['SECRET_KEY', `${key},hunter2`, /: entry 2 of 2 has fewer than 32 characters/],
  ['SECRET_KEY', 'hunter2'.repeat(6), /has fewer than 10 different characters/],
  ['SECRET_KEY', 'hunter2x5Tz9QwEr'.repeat(4), /repeats itself/],
  ['SECRET_KEY', '0123456789abcdefghijklmnopqrstuvwxyz', /is a run of neighboring characters/],
  ['SECRET_KEY', `changeme-hunter2-${key}`, /contains a word that placeholders have/],
  ['SECRET_KEY', pem, /is a PEM block/],
  ['MAIL_URL', 'hunter2', /must be smtp:/],
  ['MAIL_FROM', 'hunter2', /must be an address/],
  ['LOGIN_MAX_AGE', 'hunter2', /must be a duration/],
  ['FRESH_FOR', 'hunter2', /must be a duration/],
  ['MAX_SESSIONS_PER_USER', '0', /whole number from 1 to 1000/],
  ['SESSION_TTL', 'hunter2', /must be a duration/],
  ['JWT_SECRET_KEY', testEnvironment['SECRET_KEY'] ?? '', /must not share a key/],
  ['JWT_PRIVATE_KEY', pem, /PKCS#8 private keys .*openssl genpkey/],
  ['JWT_ISSUER', 'two hunter2', /must be a text without spaces/],
  ['ACCESS_TOKEN_TTL', '0', /must be a duration/],
  ['REFRESH_TOKEN_TTL', '0', /must be a duration/],
  ['REFRESH_GRACE', 'hunter2', /must be a duration/],
  ['API_DOCS', 'hunter2', /must be true or false/]
]

t.test('ASVS 13.3.1: each invalid setting is one line with its name and the cure, and no value', async (t) => {
  const known = settings.filter(([name]) => settingNames().includes(name))
  for (const [name, value, says] of known) {
    const read = () => readSettings({ ...testEnvironment, [name]: value })
    t.throws(read, { name: 'InvalidSettings' }, `${name}=${value}`)
    const message = messageOf(read)
    t.match(message, says, `${name}=${value}`)
    t.match(message, new RegExp(`\\b${name}\\b`))
    t.notMatch(message, /\n/, 'one line')
    t.notMatch(message, SECRET)
    t.notMatch(message, key)
  }
})

function messageOf(work: () => unknown) {
  try {
    return `${work()}`
  } catch (error) {
    return (error as Error).message
  }
}

/** The warnings about an .env, or the error that refuses it. */
function readEnvFile(t: Test, text: string, environment = {}) {
  const folder = t.testdir({ '.env': text })
  return messageOf(() => {
    loadEnvironment(environment, folder, () => {})
    return checkEnvironment(environment, folder).join('\n')
  })
}

t.test('names and lines of .env without effect are reported with the nearest setting', async (t) => {
  const rows: [text: string, says: string][] = [
    ['DB_URL=postgres://hunter2', 'DB_URL in .env is not a setting: did you mean DB_URI?'],
    ['PORT=1\nSECRET_KY=hunter2', 'SECRET_KY in .env is not a setting: did you mean SECRET_KEY?'],
    ['export log_level=hunter2', 'log_level in .env is not a setting: did you mean LOG_LEVEL?'],
    ['CORS_ORIGINS=hunter2', 'CORS_ORIGINS in .env is not a setting: did you mean CORS_API_ORIGINS?'],
    ['TOTALLY_DIFFERENT=hunter2', 'TOTALLY_DIFFERENT in .env is not a setting, so it has no effect'],
    ['NODE_ENV=hunter2', 'NODE_ENV in .env has no effect: set it in the environment of the process'],
    ['PORT=1\n\n  hunter2 x\n', 'line 3 of .env is ignored, because it is not NAME=value'],
    ['SECRET_KEY=\nhunter2Xy9qT0=\n', 'line 2 of .env does not begin with the name of a setting'],
    ['PORT: 3000', 'line 1 of .env is ignored, because it is not NAME=value'],
    [
      'DB_URI=postgres://ada:1#hunter2@db/app',
      'DB_URI in .env has a #, which begins a comment: put the value in quotes'
    ],
    ['SECRET_KEY=#hunter2', 'SECRET_KEY in .env has a #, which begins a comment: put the value in quotes']
  ]
  for (const [text, says] of rows) t.equal(readEnvFile(t, text), says, text)
})

t.test('a correct .env causes no warning, not even the example', async (t) => {
  const example = readFileSync(join(import.meta.dirname, '../.env.example'), 'utf8')
  const rows = [
    example,
    'PORT=3000 # the port\r\n\r\n# HOST=x\r\n  HOST = localhost\r\n',
    'DB_URI="postgres://ada:1#hunter2@db/app"',
    `JWT_PRIVATE_KEY="-----BEGIN PRIVATE KEY-----\nhunter2 a = b\n-----END PRIVATE KEY-----" # a key\nPORT=1`,
    "HOST='a # b'\nPORT=`1`"
  ].filter((text) => !text.startsWith('JWT') || settingNames().includes('JWT_PRIVATE_KEY'))
  for (const text of rows) t.equal(readEnvFile(t, text), '', text.slice(0, 60))
})

t.test(
  'a name in the environment that is almost that of a setting is reported, unless the setting is there too',
  async (t) => {
    const environment = { SECRET_KY: SECRET, LOGLEVEL: SECRET, PATH: SECRET, HOSTNAME: SECRET, DB_URL: SECRET }
    t.same(readEnvFile(t, 'LOG_LEVEL=info', environment).split('\n').sort(), [
      'DB_URL in the environment is not a setting: did you mean DB_URI?',
      'SECRET_KY in the environment is not a setting: did you mean SECRET_KEY?'
    ])
  }
)

t.test('an .env that cannot be read is named', async (t) => {
  const folder = t.testdir({ '.env': {} })
  t.throws(() => loadEnvironment({}, folder, () => {}), { message: /^\.env cannot be read \(EISDIR\): / })
})

/** What the service would say about this database. */
async function explainUri(uri: string) {
  const database = await openDatabase(uri)
  try {
    await database.check()
    await database.history()
    await database.migrate(migrationsFor(uri))
    return 'nothing'
  } catch (error) {
    return explain(error) ?? `${error}`
  } finally {
    await database.close()
  }
}

t.test('each failure of PostgreSQL is one line with DB_URI, its cure, and its code', async (t) => {
  const uri = await freshPostgresUri()
  const sql = postgres(uri, { max: 1, onnotice: () => {} })
  t.teardown(() => sql.end({ timeout: 1 }))
  const change = (parts: object) => Object.assign(new URL(uri), parts).href
  const name = `row_${Date.now()}`
  await sql.unsafe(
    `create role ${name}_plain login; create role ${name}_idle; create role ${name}_secret login password 'x'`
  )
  await sql.unsafe(`create role ${name}_full login connection limit 0`)
  // The server of the tests trusts everyone else.
  const [row] = await sql`show hba_file`
  const hba = readFileSync(row?.['hba_file'], 'utf8')
  writeFileSync(row?.['hba_file'], `host all ${name}_secret all scram-sha-256\n${hba}`)
  await sql`select pg_reload_conf()`
  t.teardown(async () => {
    await sql.unsafe(['plain', 'idle', 'secret', 'full'].map((role) => `drop role ${name}_${role}`).join('; '))
    await sql.end({ timeout: 1 })
  })
  const rows: [uri: string, says: RegExp][] = [
    [
      change({ username: `${name}_secret`, password: SECRET }),
      /user name or password that PostgreSQL rejects: .* \(28P01\)$/
    ],
    [change({ username: 'nobody_hunter2' }), /names a role that PostgreSQL does not let in: .* \(28000\)$/],
    [change({ username: `${name}_idle` }), /names a role that PostgreSQL does not let in: .* \(28000\)$/],
    [
      change({ pathname: '/hunter2' }),
      /names a database that does not exist: create it, or correct the name \(3D000\)$/
    ],
    [change({ username: `${name}_plain` }), /lacks rights .*: docs\/operations\.md has the grants \(42501\)$/],
    [change({ username: `${name}_full` }), /no more connections: lower DB_POOL_MAX, .* \(53300\)$/],
    [change({ port: await freePort() }), /refuses connections: start the server, .* \(ECONNREFUSED\)$/],
    [change({ hostname: 'hunter2.invalid' }), /a host that cannot be found: .* \((ENOTFOUND|EAI_AGAIN)\)$/]
  ]
  for (const [address, says] of rows) {
    const said = await explainUri(address)
    t.match(said, says)
    t.match(said, /^DB_URI [^\n]+$/)
    t.notMatch(said, SECRET)
  }
  await sql.unsafe(`alter database ${new URL(uri).pathname.slice(1)} set default_transaction_read_only = on`)
  t.match(await explainUri(uri), /^DB_URI leads to a server that accepts no writes: .* \(25006\)$/)
})

t.test('while PostgreSQL is unreachable, the log names DB_URI and the cure', async (t) => {
  const { lines } = await buildWithLog(t, { DB_URI: `postgres://ada:${SECRET}@127.0.0.1:${await freePort()}/app` })
  const says = /^the database is unavailable: DB_URI leads to a server that refuses connections: .* \(ECONNREFUSED\)$/
  t.match(
    lines.find(({ dependency }) => dependency === 'database'),
    { level: 'error', msg: says }
  )
  t.notMatch(JSON.stringify(lines), SECRET)
})

t.test('a second process on an SQLite file causes a warning', async (t) => {
  const DB_URI = `file:${t.testdir({})}/app.db`
  const warnings = (lines: Record<string, unknown>[]) => lines.filter(({ msg }) => /another process/.test(`${msg}`))
  t.same(warnings((await buildWithLog(t, { DB_URI })).lines), [])
  t.match(warnings((await buildWithLog(t, { DB_URI })).lines), [
    { level: 'warn', msg: /SQLite file of DB_URI .*use PostgreSQL/ }
  ])
})

t.test('an address that cannot be listened on is named by its setting', async (t) => {
  const names = { host: 'HOST', port: 'PORT' }
  const rows: [code: string, syscall: string, says: RegExp | null][] = [
    ['EADDRINUSE', 'listen', /^PORT is taken: /],
    ['EACCES', 'listen', /^PORT needs rights that this user does not have: /],
    ['EADDRNOTAVAIL', 'listen', /^HOST is not an address of this machine: /],
    ['ENOTFOUND', 'getaddrinfo', /^HOST cannot be used: .* \(ENOTFOUND\)$/],
    ['ENOENT', 'open', null]
  ]
  for (const [code, syscall, says] of rows) {
    const text = explainListen(Object.assign(new Error('x'), { code, syscall }), names)
    if (says === null) t.equal(text, null)
    else t.match(text, says, code)
  }
})
