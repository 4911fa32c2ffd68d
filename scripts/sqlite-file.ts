import { resolve } from 'node:path'
import '../src/plugins/platform/db/env.ts'
import { loadEnvironment } from '../src/plugins/platform/config/env-file.ts'
import { readSettings } from '../src/plugins/platform/config/settings.ts'
import { isPostgres, sqlitePath } from '../src/plugins/platform/db/address.ts'

/** An error whose message is meant for the user. */
export class Refused extends Error {}

export const print = (line: string) => process.stdout.write(`${line}\n`)

/** A timestamp for file names. */
export const stamp = (now: Date) => now.toISOString().replaceAll(/[-:]|\.\d+/g, '')

/** Runs work on the SQLite file of DB_URI. Prints an error as one line, and exits with code 1. */
export async function withSqliteFile(task: string, work: (path: string) => void | Promise<void>) {
  try {
    const { DB_URI } = readSettings(loadEnvironment(process.env, process.cwd(), print))
    if (isPostgres(DB_URI))
      throw new Refused('PostgreSQL has its own tools: pg_dump and pg_restore, or point-in-time recovery')
    if (sqlitePath(DB_URI) === ':memory:') throw new Refused('DB_URI does not name a file')
    await work(resolve(sqlitePath(DB_URI)))
  } catch (error) {
    const { message, code } = error as Error & { code?: string }
    const isMeant = error instanceof Refused || code?.startsWith('ERR_PARSE_ARGS')
    // Other messages may quote rows or addresses, so only their code is printed.
    process.stderr.write(`${task}: ${isMeant ? message : (code ?? message)}\n`)
    process.exitCode = 1
  }
}
