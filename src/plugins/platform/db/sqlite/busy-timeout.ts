import type BetterSqlite from 'better-sqlite3'
import { isOutage, markDatabaseError } from '../errors.ts'

/** Short, because waiting for another process blocks the event loop. */
const WAIT_MS = 250

/**
 * Limits how long statements wait for the lock of another process: at startup as long as the client was opened for, briefly once `check`
 * has succeeded, and not at all after a wait in vain until `check` succeeds again, since each wait blocks all requests. Statements
 * prepared here mark their errors as the database's and report them to `onFailure`.
 */
export function limitBusyTimeout(client: BetterSqlite.Database, onFailure: (error: unknown) => void) {
  const setWait = (ms: number) => void client.pragma(`busy_timeout = ${ms}`)

  function attempt<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      if (isOutage(error)) setWait(0)
      onFailure(error)
      throw markDatabaseError(error)
    }
  }

  return {
    attempt,
    prepare(source: string) {
      const statement = attempt(() => client.prepare(source))
      const { run, get, all } = statement
      return Object.assign(statement, {
        run: (...values: unknown[]) => attempt(() => run.apply(statement, values)),
        get: (...values: unknown[]) => attempt(() => get.apply(statement, values)),
        all: (...values: unknown[]) => attempt(() => all.apply(statement, values))
      })
    },
    /** Writes without changing anything, which reveals a lock, a full disk or a read-only file. */
    check() {
      try {
        client.pragma(`user_version = ${client.pragma('user_version', { simple: true })}`)
        setWait(WAIT_MS)
      } catch (error) {
        setWait(0)
        throw error
      }
    }
  }
}
