import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import t, { type Test } from 'tap'
import { openDatabase, planMigrations } from '../../../../src/plugins/platform/db/migrations.ts'
import { copySqlite } from '../../../../src/plugins/platform/db/sqlite/backup.ts'
import type { Migration } from '../../../../src/plugins/platform/db/types.ts'

const step = (n: number, sql: string): Migration => ({ hash: `hash ${n}`, folderMillis: n, sql: [sql] })
const rows = [
  step(1, 'create table rows (text)'),
  step(2, 'delete from rows'),
  step(3, 'create table c (x)'),
  step(4, 'create table d (x)'),
  step(5, 'create table e (x)'),
  step(6, 'create table f (x)')
]

/** Applies the first migrations to a file. */
async function migrateTo(path: string, count: number, steps = rows) {
  const connection = await openDatabase(path)
  try {
    return await connection.migrate(planMigrations(steps.slice(0, count)))
  } finally {
    await connection.close()
  }
}

function read(path: string, query: string) {
  const client = new BetterSqlite(path)
  const found = client.prepare(query).pluck().all()
  client.close()
  return found
}

/** A file with one migration and one row. */
async function fileWithData(t: Test) {
  const folder = t.testdir()
  const path = join(folder, 'app.db')
  await migrateTo(path, 1)
  const client = new BetterSqlite(path)
  client.exec("insert into rows values ('precious')")
  client.close()
  return { folder, path }
}

t.test('an SQLite file is copied before a migration, readable by its owner only', async (t) => {
  const { folder, path } = await fileWithData(t)
  t.strictSame(readdirSync(folder), ['app.db'], 'not while it was new')
  t.equal(await migrateTo(path, 1), 0)
  t.strictSame(readdirSync(folder), ['app.db'], 'nor where nothing is pending')

  t.equal(await migrateTo(path, 2), 1)
  t.strictSame(read(path, 'select text from rows'), [], 'the migration was a bad one')
  t.strictSame(readdirSync(folder), ['app.db', 'app.db.before-1'])
  const copy = join(folder, 'app.db.before-1')
  t.strictSame(read(copy, 'select text from rows'), ['precious'])
  t.strictSame(read(copy, 'select hash from __drizzle_migrations'), ['hash 1'])
  t.equal(statSync(copy).mode & 0o777, 0o600)
})

t.test('only the latest copies from before a migration are kept, and other files stay', async (t) => {
  const { folder, path } = await fileWithData(t)
  mkdirSync(join(folder, 'app.db.before-breakfast'))
  for (const count of [2, 3, 4, 5, 6]) await migrateTo(path, count)
  t.strictSame(
    readdirSync(folder).filter((name) => name.includes('before')),
    ['app.db.before-3', 'app.db.before-4', 'app.db.before-5', 'app.db.before-breakfast']
  )
})

t.test('a failed migration can be fixed and retried, and its copy is replaced', async (t) => {
  const { folder, path } = await fileWithData(t)
  for (let i = 0; i < 3; i++)
    await t.rejects(migrateTo(path, 2, [...rows.slice(0, 1), step(2, 'insert into nowhere values (1)')]), /nowhere/)
  t.equal(await migrateTo(path, 2), 1)
  t.strictSame(readdirSync(folder), ['app.db', 'app.db.before-1'])
})

t.test('no migration is applied if the copy cannot be made', async (t) => {
  const { folder, path } = await fileWithData(t)
  mkdirSync(join(folder, 'app.db.before-1.unfinished'))
  await t.rejects(migrateTo(path, 2), { code: 'ERR_FS_EISDIR' })
  t.strictSame(read(path, 'select text from rows'), ['precious'])
})

t.test('copying a file that is not a sound SQLite database fails and leaves nothing behind', async (t) => {
  const folder = t.testdir({ 'other.txt': 'not a database, though it is longer than its header would be'.repeat(99) })
  t.throws(() => copySqlite(join(folder, 'other.txt'), join(folder, 'copy')), { code: 'SQLITE_NOTADB' })
  t.throws(() => copySqlite(join(folder, 'none'), join(folder, 'copy')), { code: 'SQLITE_CANTOPEN' })
  t.strictSame(readdirSync(folder), ['other.txt'])
})
