import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import type { Test } from 'tap'
import { startReplica } from './replica.ts'

export type OnFile = Awaited<ReturnType<typeof startOnFile>>

/** One replica on an SQLite file, and what can happen to that. */
export async function startOnFile(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'starter-file-'))
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder]).status === 0
  t.teardown(() => {
    if (isMounted) spawnSync('umount', ['-l', folder])
    rmSync(folder, { recursive: true, force: true })
  })
  const file = join(folder, 'app.db')
  const replica = await startReplica(t, { DB_URI: file, RATE_LIMIT_MAX: '1000000' })
  const limitFiles = (bytes: number | string) => execFileSync('prlimit', [`--pid=${replica.pid}`, `--fsize=${bytes}:`])
  const ballast = join(folder, 'ballast')
  let other: BetterSqlite.Database | undefined

  return {
    address: { port: replica.port },
    replicas: [replica],
    /** Another process writes, and takes its time. */
    lock() {
      other = new BetterSqlite(file)
      other.exec('begin exclusive')
    },
    unlock() {
      other?.exec('rollback')
      other?.close()
    },
    /** No byte fits on the disk; where nothing may be mounted, files may not grow. */
    fill() {
      // Until it has to grow a log that was written before would take more.
      const client = new BetterSqlite(file)
      client.pragma('wal_checkpoint(TRUNCATE)')
      client.close()
      if (isMounted) spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4k'])
      else limitFiles(statSync(`${file}-wal`).size)
    },
    free() {
      if (isMounted) rmSync(ballast)
      else limitFiles('unlimited')
    }
  }
}
