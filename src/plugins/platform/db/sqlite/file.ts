import { chmodSync, closeSync, openSync, realpathSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import BetterSqlite from 'better-sqlite3'
import { InvalidSettings } from '../../config/settings.ts'

/** At startup another process may be applying migrations. */
export const MIGRATION_WAIT_MS = 10_000

/** The permission bits of group and others. */
const OTHERS = 0o077

/** What is wrong with DB_URI and how to fix it, by error code. */
const FAULTS: [code: RegExp, fault: string][] = [
  [/^(ENOENT|ENOTDIR)$/, 'names a file in a folder that does not exist: create the folder, or correct the path'],
  [/^EISDIR$/, 'names a folder: add the name of a file, such as app.db'],
  [
    /^(EACCES|EPERM|EROFS|SQLITE_(CANTOPEN|READONLY|PERM).*)$/,
    'names a file that this user cannot write, or a folder in which it cannot: correct the permissions, or the path'
  ],
  [/^SQLITE_NOTADB$/, 'names a file that is not an SQLite database: correct the path, or restore a backup'],
  [/^E[A-Z]/, 'names a file that cannot be opened: check its path and its disk']
]

/** Turns an error of opening, whose text may quote the path, into a fault of the setting; returns any other as it is. */
function toFault(error: unknown) {
  const { code = '' } = error as { code?: string }
  const fault = FAULTS.find(([pattern]) => pattern.test(code))
  return fault ? new InvalidSettings([`DB_URI ${fault[1]} (${code})`]) : error
}

/** Which of the file, its -wal and its -shm other users may open. Windows has no such modes. */
export function findOpenToOthers(path: string) {
  if (path === ':memory:' || process.geteuid === undefined) return []
  // SQLite keeps the companions next to the real file of a link.
  const files = ['', '-wal', '-shm'].map((end) => realpathSync(path) + end)
  return files.filter((file) => ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & OTHERS) > 0)
}

/** Closes a file of ours to other users: it holds password hashes. */
function restrict(path: string) {
  for (const file of findOpenToOthers(path)) {
    try {
      if (statSync(file).uid === process.geteuid?.()) chmodSync(file, 0o600)
    } catch {
      // Another process just deleted a companion, or the file system has no modes. A warning names what stays open.
    }
  }
}

/** SQLite needs the file alone to change its journal mode, and ignores the busy timeout for that. */
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

/** Opens, and if needed creates, an SQLite file in WAL mode. Throws InvalidSettings if its path cannot be used. */
export async function openFile(path: string) {
  try {
    if (path !== ':memory:') {
      // SQLite would create it readable for everyone.
      closeSync(openSync(path, 'a', 0o600))
      restrict(path)
    }
    const client = new BetterSqlite(path, { timeout: MIGRATION_WAIT_MS })
    await useWal(client)
    return client
  } catch (error) {
    throw toFault(error)
  }
}
