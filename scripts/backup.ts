import { existsSync, realpathSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { copySqlite } from '../src/plugins/platform/db/sqlite/backup.ts'
import { print, Refused, stamp, withSqliteFile } from './sqlite-file.ts'

// Copies the SQLite file, even while the service runs: npm run db:backup -- [--to file] [--overwrite]

/** Copies the database, and returns the path of the copy. */
export function backUp(path: string, { to = `${path}.backup-${stamp(new Date())}`, overwrite = false }) {
  if (existsSync(to) && !overwrite) throw new Refused(`${to} already exists: name another file, or add --overwrite`)
  if (existsSync(to) && realpathSync(to) === realpathSync(path)) throw new Refused(`${to} is the database itself`)
  copySqlite(path, to)
  return to
}

if (process.argv[1] === import.meta.filename)
  await withSqliteFile('Not backed up', (path) => {
    const { values } = parseArgs({ options: { to: { type: 'string' }, overwrite: { type: 'boolean' } } })
    print(`Backed up to ${backUp(path, values)}`)
  })
