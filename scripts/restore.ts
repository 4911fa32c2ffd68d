import { closeSync, copyFileSync, existsSync, openSync, realpathSync, renameSync, rmSync } from 'node:fs'
import BetterSqlite from 'better-sqlite3'
import { OperatorError } from '../src/plugins/platform/config/operator-error.ts'
import { explained } from '../src/plugins/platform/db/explain.ts'
import { migrationsFor } from '../src/plugins/platform/db/migrations.ts'
import { copySqlite } from '../src/plugins/platform/db/sqlite/backup.ts'
import { historyOf } from '../src/plugins/platform/db/sqlite/journal.ts'
import { print, runCommand, UsageError } from './shell.ts'
import { findSqliteFile, stamp } from './sqlite-file.ts'

const USAGE = `npm run db:restore -- --from <file>    replaces the SQLite file with a backup, and ends all sessions

  --keep-logins    keeps the sessions of the backup, and with them those that ended since`

const SIDE_FILES = ['', '-wal', '-shm', '-journal']
const codeOf = (error: unknown) => (error as { code?: string }).code ?? ''

/** Whether the file is readable. Refuses if a process has it open, in which case it cannot leave WAL mode. */
function checkUnused(path: string) {
  const client = new BetterSqlite(path, { timeout: 0 })
  try {
    client.pragma('journal_mode = DELETE')
    return true
  } catch (error) {
    if (/^SQLITE_(BUSY|LOCKED)/.test(codeOf(error)))
      throw new OperatorError(`${path} is in use: stop the service first`)
    return false
  } finally {
    client.close()
  }
}

/** Refuses a migration history that this version does not know. An older one is migrated at the next start, as usual. */
function checkHistory(client: BetterSqlite.Database, from: string) {
  const history = historyOf(client)
  if (history.length === 0) throw new OperatorError(`${from} is not a database of this service`)
  const plan = migrationsFor(':memory:')
  try {
    plan(history)
  } catch (error) {
    throw new OperatorError(`${from}: ${(error as Error).message}`)
  }
  if (history.length > plan([]).length)
    throw new OperatorError(`${from} is newer than this code: restore it with the release that created it`)
}

/** Adds sessions of the old file that the backup lacks: their access tokens may still be valid. Returns false if it cannot. */
function addLoginsOf(path: string, client: BetterSqlite.Database) {
  const columnsOf = (schema: string) =>
    (client.pragma(`${schema}.table_info(sessions)`) as { name: string }[]).map(({ name }) => name)
  client.prepare('attach ? as old').run(path)
  try {
    const old = columnsOf('old')
    const shared = columnsOf('main').filter((name) => old.includes(name))
    client.exec(`insert or ignore into sessions (${shared}) select ${shared} from old.sessions`)
    return true
  } catch {
    return false
  } finally {
    client.exec('detach old')
  }
}

/** Revokes all sessions, because some of them may have been revoked after the backup. */
function endLogins(client: BetterSqlite.Database) {
  const ended = "update sessions set revoked_at = ?, revoked_reason = 'all' where revoked_at is null"
  return client.prepare(ended).run(Date.now()).changes
}

/** Replaces the database with a backup, and returns the lines to print. */
export async function restore(
  path: string,
  { from, keepLogins = false }: { from: string; keepLogins?: boolean | undefined }
) {
  if (!existsSync(from)) throw new OperatorError(`There is no file ${from}`)
  const isThere = existsSync(path)
  if (isThere && realpathSync(from) === realpathSync(path)) throw new OperatorError(`${from} is the database itself`)

  // Prepares a copy, so that the database changes all at once or not at all.
  const prepared = `${path}.restoring`
  const aside = `${path}.before-restore-${stamp(new Date())}`
  // Deletes the leftovers of a killed restore: SQLite would play an old journal back into the new file.
  const clear = () => SIDE_FILES.forEach((end) => void rmSync(prepared + end, { force: true }))
  clear()
  try {
    await explained(() => copySqlite(from, prepared), from)
    const client = new BetterSqlite(prepared)
    checkHistory(client, from)
    const isReadable = isThere && checkUnused(path)
    const isOldKnown = isReadable && !keepLogins && addLoginsOf(path, client)
    const ended = keepLogins ? 0 : endLogins(client)

    if (isReadable) copyFileSync(path, aside)
    else for (const end of SIDE_FILES) if (existsSync(path + end)) renameSync(path + end, aside + end)
    closeSync(openSync(path, 'a', 0o600))
    // This is one transaction of the file: kill -9 leaves the old state or the new one.
    await client.backup(path, { progress: () => 0x7fffffff })
    client.close()

    const lines = [`Restored from ${from}${isThere ? `; the old database is now ${aside}` : ''}`]
    if (keepLogins)
      return [...lines, 'Sessions are as they were in the backup: those ended since then are active again']
    lines.push(`Ended ${ended} session${ended === 1 ? '' : 's'}: all users have to log in again`)
    if (isOldKnown) return lines
    return [
      ...lines,
      'Access tokens of sessions created after the backup may stay valid for ACCESS_TOKEN_TTL: see docs/operations.md'
    ]
  } finally {
    clear()
  }
}

if (process.argv[1] === import.meta.filename) {
  const options = { from: { type: 'string' }, 'keep-logins': { type: 'boolean' } } as const
  await runCommand(USAGE, { options }, async ({ values: { from, 'keep-logins': keepLogins } }) => {
    if (!from) throw new UsageError('Name the backup')
    for (const line of await restore(findSqliteFile(), { from, keepLogins })) print(line)
  })
}
