import type BetterSqlite from 'better-sqlite3'
import { isOutage, markDatabaseError } from '../errors.ts'

/** Waiting for another process blocks the event loop, so not for long. */
const WAIT_MS = 250

/**
 * Lets statements wait for the lock of another process: as long as the client was opened for until `check` has found it free
 * once, briefly from then on, and after one that waited in vain none until it is free again. One wait blocks all requests, and
 * many would add up to seconds. Failures are marked as the database's, and `onFault` is told of each.
 */
export function limitWaiting(client: BetterSqlite.Database, onFault: (error: unknown) => void) {
  const setWait = (ms: number) => void client.pragma(`busy_timeout = ${ms}`)

  function attempt<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      if (isOutage(error)) setWait(0)
      onFault(error)
      throw markDatabaseError(error)
    }
  }

  const prepare = client.prepare.bind(client)
  client.prepare = ((source: string) => {
    const statement = attempt(() => prepare(source))
    const { run, get, all } = statement
    return Object.assign(statement, {
      run: (...values: unknown[]) => attempt(() => run.apply(statement, values)),
      get: (...values: unknown[]) => attempt(() => get.apply(statement, values)),
      all: (...values: unknown[]) => attempt(() => all.apply(statement, values))
    })
  }) as typeof client.prepare

  return {
    attempt,
    /** Changes nothing, but writes: a lock, a full disk or a file that may only be read show. */
    async check() {
      try {
        client.pragma(`user_version = ${client.pragma('user_version', { simple: true })}`)
        setWait(WAIT_MS)
        return false
      } catch (error) {
        setWait(0)
        throw error
      }
    }
  }
}
