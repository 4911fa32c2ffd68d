import '../src/plugins/platform/db/env.ts'
import { migrationsFor, openDatabase } from '../src/plugins/platform/db/migrations.ts'
import { loadSettings, print, runCommand } from './shell.ts'

const USAGE = 'npm run db:migrate    applies pending migrations to the database of DB_URI, one process at a time'

await runCommand(USAGE, {}, async () => {
  const settings = loadSettings()
  const database = await openDatabase(settings.DB_URI, () => {}, settings)
  try {
    await database.check()
    const plan = migrationsFor(settings.DB_URI)
    const count = await database.migrate(plan)
    const isNewer = (await database.history()).length > plan([]).length
    const nothing = isNewer ? 'The database is newer than this code: nothing to apply' : 'The database is up to date'
    print(count === 0 ? nothing : `Applied ${count} migration${count === 1 ? '' : 's'}`)
  } finally {
    await database.close()
  }
})
