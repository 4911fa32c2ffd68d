import { join } from 'node:path'
import type { Settings } from '../config/settings.ts'
import { isPostgres } from './address.ts'
import { readMigrationFiles } from './drizzle.ts'
import type { Connection, Migration, MigrationPlan } from './types.ts'

export { isPostgres }

const FOLDER = join(import.meta.dirname, '../../../../drizzle')

/**
 * Opens the database that DB_URI names; the driver of the other is not even loaded. `onFault` is told of each query that
 * failed, whoever waited for it. Of the settings DB_POOLER and DB_POOL_MAX count.
 */
export async function openDatabase(
  uri: string,
  onFault: (error: unknown) => void = () => {},
  settings: Partial<Settings> = {}
): Promise<Connection> {
  if (isPostgres(uri)) return (await import('./postgres/postgres.ts')).openPostgres(uri, onFault, settings)
  return (await import('./sqlite/sqlite.ts')).openSqlite(uri, onFault)
}

/**
 * What is left to apply of the migrations. Throws where the files are out of order or differ from the database's history: an
 * edited, a removed or a late file would otherwise be skipped in silence. A history that begins with all of the files and goes
 * on comes from a later release: nothing is left to apply, and replicas of this one may still start.
 */
export function planMigrations(files: Migration[]): MigrationPlan {
  return (applied) => {
    const late = files.findIndex(({ folderMillis }, i) => folderMillis <= (files[i - 1]?.folderMillis ?? 0))
    if (late >= 0)
      throw new Error(`Migration ${late + 1} in drizzle/ is older than the one before it: generate it again`)
    const strange = files.findIndex(({ hash }, i) => i < applied.length && applied[i] !== hash)
    if (strange >= 0)
      throw new Error(`Migration ${strange + 1} in the database is not the one in drizzle/: edited or not from here`)
    return files.slice(applied.length)
  }
}

/** The plan of the generated migrations of a dialect. */
export function migrationsFor(uri: string): MigrationPlan {
  return planMigrations(readMigrationFiles({ migrationsFolder: join(FOLDER, isPostgres(uri) ? 'postgres' : 'sqlite') }))
}
