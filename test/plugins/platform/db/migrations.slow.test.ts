import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { migrationsFor, openDatabase } from '../../../../src/plugins/platform/db/migrations.ts'
import { databases } from '../../../build.ts'
import { freshFolder, settled, startListening } from '../../../process.ts'
import { APPLIED, COUNT, copyProject, freshUri, migrate, ROOT, run } from './project.ts'

for (const database of databases) {
  t.test(`when four processes migrate an empty ${database.name} at once, one does it and all succeed`, async (t) => {
    const folder = copyProject(t)
    const uri = await freshUri(folder, database)
    const ends = await Promise.all(Array.from({ length: 4 }, () => migrate(folder, uri)))
    t.strictSame(
      ends.map(({ code, printed }) => `${code} ${printed}`).sort(),
      [`0 ${APPLIED}`, ...Array.from({ length: 3 }, () => '0 The database is up to date\n')].sort()
    )
  })

  t.test(
    `when four services start at once on an empty ${database.name}, one migrates it and all serve requests`,
    async (t) => {
      const folder = freshFolder(t)
      const environment = { ...settled, DB_URI: await freshUri(folder, database), DB_MIGRATE: 'auto' }
      const servers = await Promise.all(Array.from({ length: 4 }, () => startListening(t, folder, environment)))
      for (const { url } of servers) t.equal((await fetch(`${url}/readyz`)).status, 200)
      const applied = servers.filter(({ output }) => output().includes(`applied ${COUNT} database migrations`))
      t.equal(applied.length, 1)
    }
  )

  t.test(`drizzle-kit and npm run db:migrate agree on which migrations ${database.name} has`, async (t) => {
    async function migrateBy(tools: ('drizzle-kit' | 'npm run db:migrate')[]) {
      const folder = copyProject(t)
      const uri = await freshUri(folder, database)
      for (const tool of tools) {
        const isKit = tool === 'drizzle-kit'
        const { code, printed } = await (isKit ? run(folder, uri, 'drizzle-kit', 'migrate') : migrate(folder, uri))
        t.equal(code, 0, printed)
        if (!isKit) t.match(printed, tool === tools[0] ? APPLIED : 'The database is up to date')
      }
      const connection = await openDatabase(uri)
      const files = migrationsFor(uri)([]).map(({ hash }) => hash)
      t.strictSame(await connection.history(), files, `each once by ${tools.join(' and ')}`)
      await connection.close()
    }
    await Promise.all([
      migrateBy(['drizzle-kit', 'npm run db:migrate']),
      migrateBy(['npm run db:migrate', 'drizzle-kit'])
    ])
  })

  t.test(`the migrations of ${database.name} create the tables of src/tables.ts`, async (t) => {
    const folder = copyProject(t)
    const dialect = join(folder, 'drizzle', database.isPostgres ? 'postgres' : 'sqlite')
    const before = readdirSync(dialect, { recursive: true }).sort()
    const { code, printed } = await run(folder, await freshUri(folder, database), 'drizzle-kit', 'generate')
    t.equal(code, 0, printed)
    t.match(printed, 'No schema changes')
    t.strictSame(readdirSync(dialect, { recursive: true }).sort(), before)
  })
}

t.test('processes that open a new SQLite file at the same moment wait for each other', async (t) => {
  const folder = freshFolder(t)
  const begin = Date.now() + 2000
  // Without waiting, one open in 25 failed with "database is locked".
  const source = `import { migrationsFor, openDatabase } from ${JSON.stringify(pathToFileURL(join(ROOT, 'src/plugins/platform/db/migrations.ts')))}
    for (let i = 0; i < 40; i++) {
      while (Date.now() < ${begin} + i * 100);
      const connection = await openDatabase('file:' + i + '.db')
      await connection.migrate(migrationsFor('file:'))
      await connection.close()
    }`
  const words = ['--input-type=module-typescript', '-e', source]
  const ends = await Promise.all(Array.from({ length: 4 }, () => run(folder, '', process.execPath, ...words)))
  for (const end of ends) t.strictSame(end, { code: 0, printed: '' })
})

for (const database of databases) {
  t.test(
    `npm run db:migrate refuses an edited history on ${database.name}, and leaves a newer one alone`,
    async (t) => {
      const folder = copyProject(t)
      const uri = await freshUri(folder, database)
      t.match(await migrate(folder, uri), { code: 0 })

      const files = join(folder, 'drizzle', database.isPostgres ? 'postgres' : 'sqlite')
      const journal = join(files, 'meta/_journal.json')
      const all = readFileSync(journal, 'utf8')
      const { entries, ...rest } = JSON.parse(all)
      writeFileSync(journal, JSON.stringify({ ...rest, entries: entries.slice(0, -1) }))
      const newer = 'The database is newer than this code: nothing to apply\n'
      t.strictSame(await migrate(folder, uri), { code: 0, printed: newer })

      writeFileSync(journal, all)
      const last = join(files, readdirSync(files).findLast((name) => name.endsWith('.sql')) ?? '')
      appendFileSync(last, '-- edited\n')
      const strange = new RegExp(`^Migration ${COUNT} in the database is not the one in drizzle/: .*\\n$`)
      t.match(await migrate(folder, uri), { code: 1, printed: strange })
    }
  )
}
