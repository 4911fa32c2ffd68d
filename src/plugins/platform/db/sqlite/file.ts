import { chmodSync, closeSync, openSync, realpathSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import BetterSqlite from 'better-sqlite3'

/** At startup another process may be applying migrations. */
export const MIGRATION_WAIT_MS = 10_000

/** The permission bits of group and others. */
const OTHERS = 0o077

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

/** Whether another connection has the file open: then it cannot leave WAL mode. */
function isShared(client: BetterSqlite.Database) {
  const timeout = client.pragma('busy_timeout', { simple: true })
  client.pragma('busy_timeout = 0')
  try {
    client.pragma('journal_mode = DELETE')
    return false
  } catch (error) {
    if (!/^SQLITE_(BUSY|LOCKED)/.test(`${(error as { code?: string }).code}`)) throw error
    return true
  } finally {
    client.pragma(`busy_timeout = ${timeout}`)
  }
}

/** Opens, and if needed creates, an SQLite file in WAL mode, and finds out whether another connection has it open. */
export async function openFile(path: string) {
  if (path !== ':memory:') {
    // SQLite would create it readable for everyone.
    closeSync(openSync(path, 'a', 0o600))
    restrict(path)
  }
  const client = new BetterSqlite(path, { timeout: MIGRATION_WAIT_MS })
  const isOpenElsewhere = isShared(client)
  await useWal(client)
  return { client, isOpenElsewhere }
}
