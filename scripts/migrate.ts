import '../src/plugins/platform/db/env.ts'
import { loadEnvironment } from '../src/plugins/platform/config/env-file.ts'
import { readSettings } from '../src/plugins/platform/config/settings.ts'
import { migrationsFor, openDatabase } from '../src/plugins/platform/db/migrations.ts'

// Applies pending migrations, one process at a time: npm run db:migrate
const print = (line: string) => process.stdout.write(`${line}\n`)
try {
  const settings = readSettings(loadEnvironment(process.env, process.cwd(), print))
  const { DB_URI } = settings
  const database = await openDatabase(DB_URI, () => {}, settings)
  try {
    await database.check()
    const plan = migrationsFor(DB_URI)
    const count = await database.migrate(plan)
    const isNewer = (await database.history()).length > plan([]).length
    const nothing = isNewer ? 'The database is newer than this code: nothing to apply' : 'The database is up to date'
    print(count === 0 ? nothing : `Applied ${count} migration${count === 1 ? '' : 's'}`)
  } finally {
    await database.close()
  }
} catch (error) {
  // Prints only the code of a database error, because its message may quote the address.
  const { message, code } = error as Error & { code?: string }
  process.stderr.write(`Not migrated: ${code ?? message}\n`)
  process.exitCode = 1
}
