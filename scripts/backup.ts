import { existsSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { OperatorError } from '../src/plugins/platform/config/operator-error.ts'
import { copySqlite } from '../src/plugins/platform/db/sqlite/backup.ts'
import { print, runCommand } from './shell.ts'
import { findSqliteFile, stamp } from './sqlite-file.ts'

const USAGE = `npm run db:backup -- [--to <file>] [--overwrite]    copies the SQLite file, even while the service runs`

/** Copies the database, and returns the path of the copy. */
export function backUp(path: string, { to = `${path}.backup-${stamp(new Date())}`, overwrite = false }) {
  if (existsSync(to) && !overwrite)
    throw new OperatorError(`${to} already exists: name another file, or add --overwrite`)
  if (existsSync(to) && realpathSync(to) === realpathSync(path)) throw new OperatorError(`${to} is the database itself`)
  if (!existsSync(path)) throw new OperatorError(`DB_URI names ${path}, which does not exist`)
  if (!existsSync(dirname(to))) throw new OperatorError(`${to} is in a folder that does not exist`)
  copySqlite(path, to)
  return to
}

if (process.argv[1] === import.meta.filename) {
  const options = { to: { type: 'string' }, overwrite: { type: 'boolean' } } as const
  await runCommand(USAGE, { options }, ({ values }) => {
    print(`Backed up to ${backUp(findSqliteFile(), values)}`)
  })
}
