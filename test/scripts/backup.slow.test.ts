import { spawn } from 'node:child_process'
import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import t, { type Test } from 'tap'
import { backUp } from '../../scripts/backup.ts'
import { restore } from '../../scripts/restore.ts'
import { migrationsFor, openDatabase } from '../../src/plugins/platform/db/migrations.ts'
import { transports } from '../build.ts'
import { freshFolder, logInBy, post, settled, signUpBy, startListening } from '../process.ts'

const ROOT = join(import.meta.dirname, '../..')

/** A temporary folder with the service, and commands on its database. */
function workplace(t: Test) {
  const folder = freshFolder(t)
  const path = join(folder, 'app.db')
  const environment = { ...settled, DB_URI: `file:${path}`, RATE_LIMIT_MAX: '1000000' }
  /** Runs a command in a separate process, such as `backup --to file`; kills it after the given time, if any. */
  async function run(command: string, DB_URI = environment.DB_URI, killAfterMs?: number) {
    const [script, ...words] = command.split(' ')
    const env = { PATH: process.env['PATH'], ...environment, DB_URI }
    const child = spawn(process.execPath, [join(ROOT, `scripts/${script}.ts`), ...words], { cwd: folder, env })
    let printed = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (printed += data))
    const timer = killAfterMs && setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    const code = await new Promise((resolve) => child.on('close', resolve))
    clearTimeout(timer || undefined)
    return { code, printed: printed.replaceAll(`${folder}/`, '') }
  }
  // The name of a cookie on localhost ends with the port, so it stays the same.
  let port: string | undefined
  async function serve() {
    const server = await startListening(t, folder, { ...environment, ...(port && { PORT: port }) })
    port = new URL(server.url).port
    return server
  }
  return { folder, path, run, serve }
}

function namesIn(path: string) {
  const client = new BetterSqlite(path)
  t.equal(client.pragma('integrity_check', { simple: true }), 'ok')
  const found = client.prepare('select name from users').pluck().all() as string[]
  client.close()
  return new Set(found)
}

async function whoami(url: string, headers: Record<string, string> = {}) {
  const reply = await fetch(`${url}/api/auth/whoami`, { headers })
  const { code, kind } = (await reply.json()) as { code?: string; kind?: string }
  return `${reply.status} ${code ?? kind}`
}

/** The required columns of a session. */
const COLUMNS =
  'id, user_id, kind, generation, rotated_at, created_at, last_seen_at, authenticated_at, expires_at, absolute_expires_at, remember'

/** Runs statements on the file, and returns how many sessions are revoked. */
function sql(path: string, ...statements: string[]) {
  const client = new BetterSqlite(path)
  for (const statement of statements) client.exec(statement)
  const count = client.prepare("select count(*) from sessions where revoked_reason = 'all'").pluck().get()
  client.close()
  return count
}

const rename = (url: string, name: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/api/users/me`, {
    method: 'PATCH',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ name })
  })

const [transport] = transports
const kind = transport?.kind ?? ''
const REVOKED = { cookie: '401 SESSION_REVOKED', token: '401 TOKEN_REVOKED' }

/** The same with an empty database and no service. */
async function emptyDatabase(t: Test) {
  const place = workplace(t)
  const connection = await openDatabase(place.path)
  await connection.migrate(migrationsFor(place.path))
  await connection.close()
  return place
}

t.test('a backup of a running service has all acknowledged writes, and does not disturb requests', async (t) => {
  const { folder, serve, run } = workplace(t)
  const { url } = await serve()
  const names = ['ada', 'bob', 'eve', 'zoe']
  for (const name of names) await signUpBy(url, name)
  const logins = await Promise.all(names.map((name) => logInBy(url, name, kind)))
  /** How often each user has changed their name; the name contains the count. */
  const acknowledged = names.map(() => 0)
  let isOver = false
  const writers = logins.map(async (headers, writer) => {
    for (let i = 1; !isOver; i++) {
      const { status } = await rename(url, `${names[writer]} ${i}`, headers)
      if (status !== 200) throw new Error(`a change was answered ${status}`)
      acknowledged[writer] = i
    }
  })
  for (const name of ['first', 'second']) {
    const before = [...acknowledged]
    t.strictSame(await run(`backup --to ${name}`), { code: 0, printed: `Backed up to ${name}\n` })
    t.notSame(acknowledged, before, 'the service went on')
    const copied = new Map([...namesIn(join(folder, name))].map((text) => text.split(' ') as [string, string]))
    for (const [i, count] of before.entries())
      t.ok(Number(copied.get(names[i] ?? '') ?? 0) >= count, `nothing is missing in the ${name}`)
    t.equal(statSync(join(folder, name)).mode & 0o777, 0o600)
  }
  isOver = true
  await Promise.all(writers)
})

t.test('a backup overwrites a file only with --overwrite, and never the database', async (t) => {
  const { folder, path } = await emptyDatabase(t)
  t.match(backUp(path, {}), /app\.db\.backup-\d{8}T\d{6}Z$/)
  const to = join(folder, 'kept')
  writeFileSync(to, 'kept')
  t.throws(() => backUp(path, { to }), { message: /kept already exists/ })
  t.equal(readFileSync(to, 'utf8'), 'kept')
  t.equal(backUp(path, { to, overwrite: true }), to)
  symlinkSync(path, join(folder, 'link'))
  for (const to of [path, join(folder, 'link')])
    t.throws(() => backUp(path, { to, overwrite: true }), { message: /is the database itself/ })
  t.strictSame(namesIn(path), new Set())
})

t.test('npm run db:backup and db:restore report errors in one line', async (t) => {
  const { run } = workplace(t)
  const rows = [
    ['backup', /^DB_URI names .*app\.db, which does not exist\n$/],
    ['backup --too x', /^Unknown option '--too'[\s\S]*npm run db:backup/],
    ['restore', /^Name the backup\n\nnpm run db:restore -- --from <file> /],
    ['restore --from nothing', 'There is no file nothing\n'],
    ['restore old', /^Unexpected argument 'old'[\s\S]*npm run db:restore/]
  ] as const
  for (const [command, printed] of rows) t.match(await run(command), { code: 1, printed }, command)
  t.match(await run('backup', 'postgres://ada:hunter22@127.0.0.1:1/app'), {
    code: 1,
    printed: /^DB_URI names a PostgreSQL database, which has its own tools: pg_dump and pg_restore/
  })
})

t.test('a restore brings back everything except sessions, and keeps the old file', async (t) => {
  const { folder, path, run, serve } = workplace(t)
  let server = await serve()
  const { url } = server
  await signUpBy(url, 'ada')
  const logInByAll = () => Promise.all(transports.map(({ kind }) => logInBy(url, 'ada', kind)))
  const early = await logInByAll()
  await rename(url, 'early', early[0] ?? {})
  const from = backUp(path, {})
  await rename(url, 'late', early[0] ?? {})
  const late = await logInByAll()
  const ended = await logInByAll()
  for (const login of ended) t.equal((await post(`${url}/api/auth/logout`, undefined, login)).status, 204)

  for (const signal of ['SIGSTOP', 'SIGCONT'] as const) {
    server.child.kill(signal)
    await t.rejects(restore(path, { from }), { message: `${path} is in use: stop the service first` }, signal)
  }
  t.equal((await fetch(`${url}/readyz`)).status, 200, 'and the service goes on')
  server.child.kill('SIGKILL')
  await server.exited
  t.match(await run(`restore --from ${from}`), {
    code: 0,
    printed: /^Restored from app.*; the old database is now app.*\nEnded \d sessions: all users have to log in again\n$/
  })

  t.strictSame(namesIn(path), new Set(['early']))
  const aside = readdirSync(folder).filter((name) => name.startsWith('app.db.before-restore-'))
  t.equal(aside.length, 1)
  t.strictSame(namesIn(join(folder, aside[0] ?? '')), new Set(['late']))
  t.equal(statSync(join(folder, aside[0] ?? '')).mode & 0o777, 0o600)
  t.notOk(readdirSync(folder).some((name) => name.includes('restoring')))

  server = await serve()
  for (const [i, { kind }] of transports.entries()) {
    // Revoked sessions must not come back, and tokens of sessions created after the backup may still be valid.
    for (const login of [early[i], late[i], ended[i]]) t.equal(await whoami(server.url, login), REVOKED[kind])
    t.equal(await whoami(server.url, await logInBy(server.url, 'ada', kind)), `200 ${kind}`)
  }
})

t.test('--keep-logins restores sessions too, and says what that means', async (t) => {
  const { path } = await emptyDatabase(t)
  sql(path, `insert into sessions (${COLUMNS}) values ('a', 'b', 'token', 0, 1, 1, 1, 1, 9e15, 9e15, 1)`)
  const from = backUp(path, {})
  sql(path, "update sessions set revoked_at = 2, revoked_reason = 'all'")
  t.match(await restore(path, { from, keepLogins: true }), [/^Restored/, /those ended since then are active again/])
  t.equal(sql(path), 0)
})

t.test('a restore rejects a file that is damaged, foreign, or newer, and changes nothing', async (t) => {
  const { folder, path } = await emptyDatabase(t)
  const before = readFileSync(path)
  const good = backUp(path, {})
  function change(name: string, sql: string) {
    copyFileSync(good, join(folder, name))
    const client = new BetterSqlite(join(folder, name))
    client.exec(sql)
    client.close()
  }
  change('newer', "insert into __drizzle_migrations (hash, created_at) values ('next', 9e15)")
  change('edited', "update __drizzle_migrations set hash = 'other'")
  change('foreign', 'drop table __drizzle_migrations')
  writeFileSync(join(folder, 'broken'), readFileSync(good).fill(0x55, 4096 * 3))
  writeFileSync(join(folder, 'cut'), readFileSync(good).subarray(0, 4096 * 5))
  writeFileSync(join(folder, 'text'), 'nothing of the kind '.repeat(1000))
  const rows = [
    ['newer', { message: /newer is newer than this code/ }],
    ['edited', { message: /edited: Migration 1 in the database is not the one in drizzle/ }],
    ['foreign', { message: /foreign is not a database of this service$/ }],
    ['broken', { message: /broken names a file that is damaged .*SQLITE_CORRUPT/ }],
    ['cut', { message: /cut names a file that is damaged .*SQLITE_CORRUPT/ }],
    ['text', { message: /text names a file .* not an SQLite database/ }],
    ['none', { message: /^There is no file .*none$/ }],
    ['app.db', { message: /app\.db is the database itself$/ }]
  ] as const
  for (const [name, error] of rows) await t.rejects(restore(path, { from: join(folder, name) }), error, name)
  t.strictSame(readFileSync(path), before)
  t.notOk(readdirSync(folder).some((name) => /restor/.test(name)))
})

t.test(
  'a restore works if the database is damaged or missing, and says what that means for access tokens',
  async (t) => {
    const { folder, path } = await emptyDatabase(t)
    const from = backUp(path, {})
    const note = /^Access tokens of sessions created after the backup may stay valid/
    writeFileSync(path, 'broken '.repeat(2000))
    t.match(await restore(path, { from }), [
      /the old database is now/,
      'Ended 0 sessions: all users have to log in again',
      note
    ])
    const aside = readdirSync(folder).filter((name) => name.startsWith('app.db.before-restore-'))
    t.match(
      aside.map((name) => readFileSync(join(folder, name), 'utf8').slice(0, 6)),
      ['broken']
    )
    t.strictSame(namesIn(path), new Set())

    rmSync(path)
    t.match(await restore(path, { from }), [
      /^Restored from [^;]*$/,
      'Ended 0 sessions: all users have to log in again',
      note
    ])
    t.strictSame(namesIn(path), new Set())
    t.equal(statSync(path).mode & 0o777, 0o600)
  }
)

t.test('sessions from a file of another version are kept too, with the columns that both versions have', async (t) => {
  const { path } = await emptyDatabase(t)
  const from = backUp(path, {})
  sql(
    path,
    `insert into sessions (${COLUMNS}) values ('a', 'b', 'token', 0, 1, 1, 1, 1, 9e15, 9e15, 1)`,
    "alter table sessions add column next text not null default 'x'",
    'alter table sessions drop column user_agent'
  )
  t.match(await restore(path, { from }), [/^Restored/, 'Ended 1 session: all users have to log in again'])
  t.equal(sql(path), 1)
})

t.test('a restore that is killed at any moment leaves the old state or the new one', async (t) => {
  const { folder, path, run } = await emptyDatabase(t)
  const login = (id: number) =>
    `insert into sessions (${COLUMNS}) values ('${id}', 'b', 'token', 0, 1, 1, 1, 1, 9e15, 9e15, 1)`
  sql(path, ...Array.from({ length: 2000 }, (_, id) => login(id)))
  const from = backUp(path, {})
  const left = () => {
    const client = new BetterSqlite(path)
    t.equal(client.pragma('integrity_check', { simple: true }), 'ok')
    const found = client.prepare('select count(*), count(revoked_at) from sessions').raw().get() as [number, number]
    client.close()
    return found
  }
  const begin = performance.now()
  await run(`restore --from ${from}`)
  const wholeMs = performance.now() - begin
  t.same(left(), [2000, 2000])

  const rounds = 12
  for (let i = 0; i < rounds; i++) {
    sql(path, 'update sessions set revoked_at = null', login(3000 + i))
    // In the second half of the time, because Node starts in the first.
    const killedAfterMs = wholeMs * (0.5 + (0.5 * i) / rounds)
    await run(`restore --from ${from}`, undefined, killedAfterMs)
    const [count, revoked] = left()
    t.equal(count, 2001 + i)
    t.ok(revoked === 0 || revoked === count, `killed after ${Math.round(killedAfterMs)} ms: ${revoked} of them ended`)
  }
  t.match(await run(`restore --from ${from}`), { code: 0 }, 'and one that is not does all of it')
  t.notOk(readdirSync(folder).some((name) => name.includes('restoring')))
})
