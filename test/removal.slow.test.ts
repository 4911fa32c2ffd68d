import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { partNames } from '../scripts/parts.ts'
import { copyProject, run } from './copy.ts'
import { settled } from './process.ts'
import { migratedPostgresUri } from './servers.ts'

// The promise of docs/remove-a-part.md: after `npm run remove`, nothing is left to do.

const ROOT = join(import.meta.dirname, '..')

// Every copy uses the packages of the client, so they are installed once.
if (!existsSync(join(ROOT, 'client/node_modules')))
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', 'client'], { cwd: ROOT })

const WITH_TABLES = ['notes', 'events']
const PAIRS = [
  ['jwt', 'blocklist'],
  ['mail', 'recovery'],
  ['realtime', 'channels']
]

/** Each part alone; of parts that need each other, both. Parts with tables have a test of their own below. */
const removals = [
  ...PAIRS,
  ...partNames.filter((name) => ![...PAIRS.flat(), ...WITH_TABLES].includes(name)).map((name) => [name])
]

async function remove(t: Test, ...parts: string[]) {
  const copy = copyProject(t)
  rmSync(join(copy, 'test/removal.slow.test.ts'))
  const { status, output } = await run(copy, 'scripts/remove.ts', ...parts)
  t.equal(status, 0, output.slice(-6000))
  return copy
}

/** Starts the service of a copy, and signs a user up. */
async function startCopy(t: Test, copy: string, environment?: Record<string, string>) {
  const { freshFolder, signUpBy, startListening }: typeof import('./process.ts') = await import(
    join(copy, 'test/process.ts')
  )
  const { url } = await startListening(t, freshFolder(t), environment)
  await signUpBy(url, `user-${process.hrtime.bigint()}`)
}

t.test('without all optional parts the short suite passes', async (t) => {
  const copy = await remove(t, ...partNames.filter((name) => name !== 'session'))
  const { status, output } = await run(copy, 'test/run.ts')
  t.equal(status, 0, output.slice(-6000))
  t.match(await run(copy, 'scripts/check-docs.ts'), { status: 0, output: ' 0 problems' })
  const readme = readFileSync(join(copy, 'README.md'), 'utf8')
  for (const left of ['Accounts', 'Final logouts', 'Operations']) t.match(readme, `- **${left}**`)
  t.notMatch(readme, /passkeys|metrics|channels/i)

  const files = globSync('src/**/*.ts', { cwd: copy }).map((path) => readFileSync(join(copy, path), 'utf8'))
  const lines = files.reduce((sum, text) => sum + text.split('\n').length - 1, 0)
  const [, stated = ''] = /about ([\d,]+) lines of code/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8')) ?? []
  const ratio = Number(stated.replace(',', '')) / lines
  t.ok(ratio > 0.95 && ratio < 1.05, `the README says ${stated} lines, and there are ${lines}`)
})

t.jobs = Math.min(2, availableParallelism())

for (const parts of removals) {
  const title = `without ${parts.join(' and ')}, npm run check passes and the service starts`
  t.test(title, { buffered: true }, async (t) => startCopy(t, await remove(t, ...parts)))
}

t.test(
  'without notes and events, npm run check passes and the next start drops their tables',
  { buffered: true },
  async (t) => {
    const file = join(t.testdir(), 'app.db')
    const sqlite = { ...settled, DB_URI: `file:${file}` }
    const server = { ...settled, DB_URI: await migratedPostgresUri(), DB_MIGRATE: 'auto' }
    await startCopy(t, ROOT, sqlite)
    const copy = await remove(t, ...WITH_TABLES)
    t.equal(globSync(`${copy}/drizzle/*/*_drop_notes_events.sql`).length, 2)

    const database = new BetterSqlite(file)
    const sql = postgres(server.DB_URI)
    t.teardown(() => Promise.all([database.close(), sql.end()]))
    const inSqlite = () =>
      database.prepare("select 1 from sqlite_master where name in ('notes', 'audit_events')").all().length
    const inPostgres = async () =>
      (await sql`select 1 from pg_tables where tablename in ('notes', 'audit_events')`).length
    t.same([inSqlite(), await inPostgres()], [2, 2])
    for (const environment of [sqlite, server]) await startCopy(t, copy, environment)
    t.same([inSqlite(), await inPostgres()], [0, 0])
  }
)

t.test('a part that others need is refused, by name', { buffered: true }, async (t) => {
  const refused = [
    [['blocklist'], /blocklist stays: jwt needs it/],
    [['session', 'jwt', 'blocklist'], /session and jwt cannot both go/],
    [['nothing'], /There is no part "nothing" to remove: notes, /],
    [[], /Say which/]
  ] as const
  for (const [words, text] of refused)
    t.match(await run(ROOT, 'scripts/remove.ts', ...words), { status: 1, output: text })
})

t.test('with a new resource, npm run check passes', { buffered: true }, async (t) => {
  const copy = copyProject(t)
  const { status, output } = await run(copy, 'scripts/new.ts', 'shopping-lists')
  t.equal(status, 0, output.slice(-6000))
  t.match(await run(copy, 'test/routes/shopping-lists/shopping-lists.test.ts'), { status: 0 }, 'its tests pass')
  t.match(await run(copy, 'test/plugins/http/docs/contract.test.ts'), { status: 0 }, 'and its contract is kept')
  t.match(await run(copy, 'scripts/new.ts', 'shopping-lists'), { status: 1, output: /already exists/ })
})
