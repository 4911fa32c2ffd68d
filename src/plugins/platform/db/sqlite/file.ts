import { chmodSync, closeSync, openSync, realpathSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import BetterSqlite from 'better-sqlite3'
import { InvalidSettings } from '../../config/settings.ts'
import { sqlitePath } from './backup.ts'

/** At start another process may be applying its migrations. */
export const MIGRATION_WAIT_MS = 10_000

/** The permission bits of group and others. */
const OTHERS = 0o077

/** What is wrong with DB_URI and how to mend it, by the code of the system or of SQLite. */
const FAULTS: [code: RegExp, fault: string][] = [
  [/^(ENOENT|ENOTDIR)$/, 'names a file in a folder that does not exist: create the folder, or correct the path'],
  [/^EISDIR$/, 'names a folder: add the name of a file, such as app.db'],
  [
    /^(EACCES|EPERM|EROFS|SQLITE_(CANTOPEN|READONLY|PERM).*)$/,
    'names a file that this user cannot write, or a folder in which it cannot: correct the permissions, or the path'
  ],
  [/^SQLITE_NOTADB$/, 'names a file that is not an SQLite database: correct the path, or restore a backup'],
  [/^E[A-Z]/, 'names a file that cannot be opened: look at its path and its disk']
]

/** Turns an error of opening, whose text may quote the path, into a fault of the setting; gives any other as it is. */
function toFault(error: unknown) {
  const { code = '' } = error as { code?: string }
  const fault = FAULTS.find(([pattern]) => pattern.test(code))
  return fault ? new InvalidSettings([`DB_URI ${fault[1]} (${code})`]) : error
}

/** Which of the file, its -wal and its -shm other users may open. SQLite keeps the latter beside the real file of a link. */
function findOpenToOthers(path: string) {
  const files = ['', '-wal', '-shm'].map((end) => realpathSync(path) + end)
  return files.filter((file) => ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & OTHERS) > 0)
}

/** Whether other users of the machine may open an SQLite file. Windows has no such modes. */
export function isOpenToOthers(uri: string) {
  const path = sqlitePath(uri)
  return path !== ':memory:' && process.geteuid !== undefined && findOpenToOthers(path).length > 0
}

/** Leaves a file of ours to us alone: it holds password hashes. */
function narrow(path: string) {
  for (const file of findOpenToOthers(path)) {
    try {
      if (statSync(file).uid === process.geteuid?.()) chmodSync(file, 0o600)
    } catch {
      // Another process has just deleted a companion, or the file system has no modes: index.ts warns of what stays open.
    }
  }
}

/** To change its journal SQLite needs the file alone, and does not wait for that as for everything else. */
async function useWal(client: BetterSqlite.Database) {
  const end = Date.now() + MIGRATION_WAIT_MS
  for (;;) {
    try {
      return client.pragma('journal_mode = WAL')
    } catch (error) {
      if ((error as { code?: string }).code !== 'SQLITE_BUSY' || Date.now() > end) throw error
      await sleep(20)
    }
  }
}

/** Opens (and creates) an SQLite file in WAL mode. Throws InvalidSettings where its path cannot be used. */
export async function openFile(path: string) {
  try {
    if (path !== ':memory:') {
      // Created by us first: SQLite would make it readable for all.
      closeSync(openSync(path, 'a', 0o600))
      narrow(path)
    }
    const client = new BetterSqlite(path, { timeout: MIGRATION_WAIT_MS })
    await useWal(client)
    return client
  } catch (error) {
    throw toFault(error)
  }
}
