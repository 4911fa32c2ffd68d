import { resolve } from 'node:path'
import '../src/plugins/platform/db/env.ts'
import { loadEnvironment } from '../src/plugins/platform/config/env-file.ts'
import { readSettings } from '../src/plugins/platform/config/settings.ts'
import { isPostgres, sqlitePath } from '../src/plugins/platform/db/address.ts'

/** What the one who typed the command has to hear. */
export class Refused extends Error {}

export const print = (line: string) => process.stdout.write(`${line}\n`)

/** A moment as it may stand in the name of a file. */
export const stamp = (now: Date) => now.toISOString().replaceAll(/[-:]|\.\d+/g, '')

/** Does something with the SQLite file of DB_URI; what is wrong is one line and exit code 1. */
export async function withSqliteFile(task: string, work: (path: string) => void | Promise<void>) {
  try {
    const { DB_URI } = readSettings(loadEnvironment(process.env, process.cwd(), print))
    if (isPostgres(DB_URI))
      throw new Refused('PostgreSQL has tools of its own: pg_dump and pg_restore, or point-in-time recovery')
    if (sqlitePath(DB_URI) === ':memory:') throw new Refused('DB_URI names no file')
    await work(resolve(sqlitePath(DB_URI)))
  } catch (error) {
    const { message, code } = error as Error & { code?: string }
    const isMeant = error instanceof Refused || code?.startsWith('ERR_PARSE_ARGS')
    // Other texts may quote rows or addresses: a code says enough.
    process.stderr.write(`${task}: ${isMeant ? message : (code ?? message)}\n`)
    process.exitCode = 1
  }
}
