import { closeSync, copyFileSync, existsSync, openSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import BetterSqlite from 'better-sqlite3'
import { migrationsFor } from '../src/plugins/platform/db/migrations.ts'
import { copySqlite } from '../src/plugins/platform/db/sqlite/backup.ts'
import { historyOf } from '../src/plugins/platform/db/sqlite/sqlite.ts'
import { print, Refused, stamp, withSqliteFile } from './sqlite-file.ts'

// Puts a backup in the place of the SQLite file: npm run db:restore -- --from file [--keep-logins]

const SIDE_FILES = ['', '-wal', '-shm', '-journal']
const codeOf = (error: unknown) => (error as { code?: string }).code ?? ''

/** Whether the file can be read; refuses where a process has it open, for then it cannot leave WAL mode. */
function checkUnused(path: string) {
  const client = new BetterSqlite(path, { timeout: 0 })
  try {
    client.pragma('journal_mode = DELETE')
    return true
  } catch (error) {
    if (/^SQLITE_(BUSY|LOCKED)/.test(codeOf(error))) throw new Refused(`${path} is in use: stop the service first`)
    return false
  } finally {
    client.close()
  }
}

/** Refuses a history that this version does not know; an older one is migrated as usual, later. */
function checkHistory(client: BetterSqlite.Database) {
  const history = historyOf(client)
  if (history.length === 0) throw new Refused('The backup is no database of this service')
  const plan = migrationsFor(':memory:')
  try {
    plan(history)
  } catch (error) {
    throw new Refused((error as Error).message)
  }
  if (history.length > plan([]).length)
    throw new Refused('The backup is newer than this code: restore it with the release that it comes from')
}

/** Adds the logins that the old file has beside those of the backup: access tokens of theirs may be alive. False: it cannot. */
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

/** Ends all logins: which of them had been ended after the backup nobody knows any more. */
function endLogins(client: BetterSqlite.Database) {
  const ended = "update sessions set revoked_at = ?, revoked_reason = 'all' where revoked_at is null"
  return client.prepare(ended).run(Date.now()).changes
}

/** Puts a backup in the place of the database; gives what there is to say of it. */
export async function restore(path: string, { from = '', keepLogins = false }) {
  if (!existsSync(from)) throw new Refused('say which file: npm run db:restore -- --from file')
  const isThere = existsSync(path)
  if (isThere && realpathSync(from) === realpathSync(path)) throw new Refused('this is the database itself')

  // All that is to be done happens to a copy, so that the database changes at once or not at all.
  const prepared = `${path}.restoring`
  const aside = `${path}.before-restore-${stamp(new Date())}`
  // Of a restore that was killed: the journal of another file would be played back into this one.
  const clear = () => SIDE_FILES.forEach((end) => void rmSync(prepared + end, { force: true }))
  clear()
  try {
    copySqlite(from, prepared)
    const client = new BetterSqlite(prepared)
    checkHistory(client)
    const isReadable = isThere && checkUnused(path)
    const isOldKnown = isReadable && !keepLogins && addLoginsOf(path, client)
    const ended = keepLogins ? 0 : endLogins(client)

    if (isReadable) copyFileSync(path, aside)
    else for (const end of SIDE_FILES) if (existsSync(path + end)) renameSync(path + end, aside + end)
    closeSync(openSync(path, 'a', 0o600))
    // One transaction of the file itself: kill -9 leaves the old state or the new one.
    await client.backup(path, { progress: () => 0x7fffffff })
    client.close()

    const lines = [`Restored from ${from}${isThere ? `; what was there before is ${aside}` : ''}`]
    if (keepLogins) return [...lines, 'Logins are as they were then: those that were ended since live again']
    lines.push(`Ended ${ended} session${ended === 1 ? '' : 's'}: everybody logs in again`)
    if (isOldKnown) return lines
    return [
      ...lines,
      'Access tokens of sessions from after the backup may live for ACCESS_TOKEN_TTL: see docs/operations.md'
    ]
  } finally {
    clear()
  }
}

if (process.argv[1] === import.meta.filename)
  await withSqliteFile('Not restored', async (path) => {
    const { values } = parseArgs({ options: { from: { type: 'string' }, 'keep-logins': { type: 'boolean' } } })
    for (const line of await restore(path, { ...values, keepLogins: values['keep-logins'] })) print(line)
  })
