import { resolve } from 'node:path'
import '../src/plugins/platform/db/env.ts'
import { OperatorError } from '../src/plugins/platform/config/operator-error.ts'
import { isPostgres, sqlitePath } from '../src/plugins/platform/db/address.ts'
import { loadSettings } from './shell.ts'

/** A timestamp for file names. */
export const stamp = (now: Date) => now.toISOString().replaceAll(/[-:]|\.\d+/g, '')

/** The path of the SQLite file of DB_URI. */
export function findSqliteFile() {
  const { DB_URI } = loadSettings()
  if (isPostgres(DB_URI))
    throw new OperatorError(
      'DB_URI names a PostgreSQL database, which has its own tools: pg_dump and pg_restore, or point-in-time recovery'
    )
  if (sqlitePath(DB_URI) === ':memory:') throw new OperatorError('DB_URI does not name a file')
  return resolve(sqlitePath(DB_URI))
}
