import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, closeSync, mkdirSync, openSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import t, { type Test } from 'tap'
import { openDatabase } from '../../../../src/plugins/platform/db/migrations.ts'
import { buildWithLog } from '../../../build.ts'
import { freshFolder, settled, start } from '../../../process.ts'

const ROOT = join(import.meta.dirname, '../../../..')
const isRoot = process.geteuid?.() === 0
/** Any user who is not this one. */
const NOBODY = 65534

const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8)

/** Drops the rights of root, which ignore file modes. */
async function asNobody<T>(work: () => Promise<T>) {
  if (!isRoot) return work()
  process.seteuid?.(NOBODY)
  try {
    return await work()
  } finally {
    process.seteuid?.(0)
  }
}

/** A new folder that any user may write to. */
function sharedFolder(t: Test) {
  const folder = freshFolder(t)
  chmodSync(folder, 0o777)
  return folder
}

const warningsIn = (lines: Record<string, unknown>[]) =>
  lines.filter(({ level, msg }) => level === 'warn' && /may open the SQLite file/.test(`${msg}`)).length

for (const name of ['app.db', 'link.db']) {
  t.test(`an SQLite file and its companions are closed to other users at startup: ${name}`, async (t) => {
    const folder = freshFolder(t)
    symlinkSync(join(folder, 'app.db'), join(folder, 'link.db'))
    // What a kill -9 leaves: the file with its -wal and -shm.
    const other = new BetterSqlite(join(folder, 'app.db'))
    t.teardown(() => other.close())
    other.pragma('journal_mode = WAL')
    other.exec('create table other (id integer)')
    const files = ['app.db', 'app.db-wal', 'app.db-shm'].map((file) => join(folder, file))
    for (const file of files) chmodSync(file, 0o644)

    const { lines } = await buildWithLog(t, { DB_URI: `file:${join(folder, name)}` })

    for (const file of files) t.equal(modeOf(file), '600', file)
    t.equal(warningsIn(lines), 0)
  })
}

t.test(
  'an SQLite file that belongs to another user and is readable by others causes a warning, and is not changed',
  { skip: !isRoot && 'needs root to give a file to another user' },
  async (t) => {
    const file = join(sharedFolder(t), 'app.db')
    closeSync(openSync(file, 'w'))
    chmodSync(file, 0o644)
    chownSync(file, NOBODY, NOBODY)

    const { lines } = await buildWithLog(t, { DB_URI: file })

    t.equal(modeOf(file), '644')
    t.equal(warningsIn(lines), 1, 'in one line')
  }
)

const faults: [what: string, path: (folder: string) => string, text: RegExp][] = [
  ['in a folder that is not there', (folder) => join(folder, 'hunter2/app.db'), /a folder that does not exist/],
  [
    'below a file',
    (folder) => {
      writeFileSync(join(folder, 'hunter2'), '')
      return join(folder, 'hunter2/app.db')
    },
    /a folder that does not exist/
  ],
  [
    'that is a folder',
    (folder) => {
      mkdirSync(join(folder, 'hunter2'))
      return join(folder, 'hunter2')
    },
    /names a folder/
  ],
  [
    'that may not be written',
    (folder) => {
      closeSync(openSync(join(folder, 'hunter2'), 'w', 0o444))
      return join(folder, 'hunter2')
    },
    /this user cannot write/
  ],
  [
    'in a folder that may not be written',
    (folder) => {
      const file = join(folder, 'hunter2', 'app.db')
      mkdirSync(join(folder, 'hunter2'))
      closeSync(openSync(file, 'w'))
      chmodSync(file, 0o666)
      chmodSync(join(folder, 'hunter2'), 0o555)
      return file
    },
    /this user cannot write/
  ],
  [
    'that is no database',
    (folder) => {
      writeFileSync(join(folder, 'hunter2'), 'nothing of the kind '.repeat(1000))
      chmodSync(join(folder, 'hunter2'), 0o666)
      return join(folder, 'hunter2')
    },
    /not an SQLite database/
  ],
  ['with a name that is too long', (folder) => join(folder, 'hunter2'.repeat(50)), /cannot be opened/]
]

for (const [what, path, text] of faults) {
  t.test(`a DB_URI ${what} is reported as an invalid setting, without its value`, async (t) => {
    const uri = path(sharedFolder(t))
    const error = await asNobody(() => openDatabase(uri)).then(
      () => t.fail('it was opened'),
      (error: Error) => error
    )
    t.match(error, { name: 'OperatorError', message: text })
    t.match(error, { message: /^DB_URI names .*: .* \([A-Z_]+\)$/ }, 'with what to do')
    t.notMatch((error as Error).message, 'hunter2')
  })
}

t.test('an unusable DB_URI stops the start and npm run db:migrate with one line and no stack', async (t) => {
  const folder = freshFolder(t)
  const environment = { ...settled, DB_URI: 'file:./hunter2/app.db' }
  const told =
    /^(Could not start: )?DB_URI names a file in a folder that does not exist: create the folder, or correct the path \(ENOENT\)$/m

  const server = await start(t, folder, environment)
  t.equal(await server.exited, 1)
  const env = { PATH: process.env['PATH'], ...environment }
  const migration = spawnSync(process.execPath, [join(ROOT, 'scripts/migrate.ts')], {
    cwd: folder,
    env,
    encoding: 'utf8'
  })
  t.equal(migration.status, 1)

  for (const output of [server.output(), migration.stderr]) {
    t.match(output, told)
    t.notMatch(output, /hunter2/)
    t.notMatch(output, /^\s+at /m, 'no stack')
  }
})
