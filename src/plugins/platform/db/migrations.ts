import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperatorError } from '../config/operator-error.ts'
import type { Settings } from '../config/settings.ts'
import { isPostgres } from './address.ts'
import { readMigrationFiles } from './drizzle.ts'
import { explained } from './explain.ts'
import type { Connection, Migration, MigrationPlan } from './types.ts'

const FOLDER = join(import.meta.dirname, '../../../../drizzle')

/**
 * Opens the database of DB_URI and loads only its driver. `onFailure` receives the error of each failed query, whether or not a request
 * still waits for it. Of the settings, DB_POOLER and DB_POOL_MAX count.
 */
export async function openDatabase(
  uri: string,
  onFailure: (error: unknown) => void = () => {},
  settings: Partial<Settings> = {}
): Promise<Connection> {
  if (isPostgres(uri)) return (await import('./postgres/postgres.ts')).openPostgres(uri, onFailure, settings)
  const { openSqlite } = await import('./sqlite/sqlite.ts')
  return explained(() => openSqlite(uri, onFailure))
}

/**
 * Returns the migrations still to apply. Throws if the files are out of order or differ from the history in the database: an edited,
 * removed or late file would otherwise be skipped silently. A history that continues after all files comes from a later release: nothing
 * is pending, and replicas of this release may start.
 */
export function planMigrations(files: Migration[]): MigrationPlan {
  return (applied) => {
    const late = files.findIndex(({ folderMillis }, i) => folderMillis <= (files[i - 1]?.folderMillis ?? 0))
    if (late >= 0)
      throw new OperatorError(
        `Migration ${late + 1} in drizzle/ is older than the one before it: delete it and run npm run db:generate`
      )
    const foreign = files.findIndex(({ hash }, i) => i < applied.length && applied[i] !== hash)
    if (foreign >= 0)
      throw new OperatorError(
        `Migration ${foreign + 1} in the database is not the one in drizzle/: undo edits of that file, or use another database`
      )
    return files.slice(applied.length)
  }
}

/** The plan for the generated migrations of a dialect. */
export function migrationsFor(uri: string): MigrationPlan {
  const dialect = isPostgres(uri) ? 'postgres' : 'sqlite'
  const migrationsFolder = join(FOLDER, dialect)
  const { entries } = JSON.parse(readFileSync(join(migrationsFolder, 'meta/_journal.json'), 'utf8'))
  const files = readMigrationFiles({ migrationsFolder })
  return planMigrations(files.map((file, i) => ({ ...file, file: `drizzle/${dialect}/${entries[i].tag}.sql` })))
}
