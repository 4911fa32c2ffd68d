import type { Sql, TransactionSql } from 'postgres'
import { timeLeft, withTimeout } from '../../time-budget/time-budget.ts'
import { DatabaseError, markDatabaseError } from '../errors.ts'
import { isStaleStatement } from './stale-statement.ts'
import { retryConflicts, transact } from './transaction.ts'

export type Pool = ReturnType<typeof createPool>

export const DEADLINE_MS = 800
/** Longer than `statement_timeout`: a connection silent for this long is dead, not slow. */
const SILENCE_MS = 1200

const TOO_MANY_CONNECTIONS = '53300'

/** Removes the holes that postgres.js leaves before the rows of a reply if the previous reply broke off, for example by a timeout. */
function withoutHoles<T>(answer: T): T {
  if (Array.isArray(answer) && answer.length > 0 && !(0 in answer))
    answer.splice(
      0,
      answer.findIndex((_, i) => i in answer)
    )
  return answer
}

async function ping(sql: Sql, limitMs: number) {
  const [row] = withoutHoles(await withTimeout(limitMs, () => sql.unsafe('show transaction_read_only')))
  if (row?.['transaction_read_only'] === 'on') throw new DatabaseError('25006', 'The server accepts no writes')
}

/**
 * A postgres.js pool with a deadline for each query. By itself postgres.js waits forever, keeps sending queries to a server that does not
 * answer, and keeps using connections that died silently. `connect` opens a pool and reports when it lost a connection; `onFailure`
 * receives each failure; each transaction begins with `prologue`.
 */
export function createPool(connect: (onLost: () => void) => Sql, onFailure: (error: unknown) => void, prologue = '') {
  /** Replaces the whole pool: a lost connection must not be reused. The others get a second to finish. */
  function replace(lost: Sql) {
    if (lost !== client) return
    client = open()
    void lost.end({ timeout: 1 })
  }

  const create = () => {
    const fresh: Sql = connect(() => replace(fresh))
    return fresh
  }
  let client = create()
  let isUp = true
  // drizzle sets its own parsers on these; later pools get them too.
  const { options } = client

  function open() {
    const fresh = create()
    Object.assign(fresh.options.parsers, options.parsers)
    Object.assign(fresh.options.serializers, options.serializers)
    return fresh
  }

  /** Whether all connections answer: `max` concurrent pings reach each of them, busy ones included. */
  async function isAlive() {
    const pings = await Promise.allSettled(Array.from({ length: options.max }, () => ping(client, SILENCE_MS)))
    const failed = pings.filter((ping) => ping.status === 'rejected')
    // too_many_connections does not mean that a connection died.
    return failed.length < pings.length && failed.every(({ reason }) => reason.code === TOO_MANY_CONNECTIONS)
  }

  /** Runs a query, and repeats it on new connections if its prepared statement is stale. */
  async function runFresh<T>(run: (sql: Sql) => PromiseLike<T>) {
    const used = client
    try {
      return await run(used)
    } catch (error) {
      if (!isStaleStatement(error)) throw error
      onFailure(error)
      replace(used)
      return run(client)
    }
  }

  /** Runs a query even while the database is known to be down, and reports no failure. */
  async function queryUnguarded<T>(run: (sql: Sql) => PromiseLike<T>) {
    const deadline = Date.now() + timeLeft(DEADLINE_MS)
    return withoutHoles(await withTimeout(DEADLINE_MS, () => retryConflicts(deadline, () => runFresh(run))))
  }

  return {
    options,
    queryUnguarded,
    /** Runs a transaction without a deadline of its own. */
    begin: <T>(work: (transaction: TransactionSql) => Promise<T>) => transact(client, prologue, work),
    /** Runs a query; fails at once with DATABASE_DOWN while the database is known to be down. */
    async query<T>(run: (sql: Sql) => PromiseLike<T>) {
      if (!isUp) throw markDatabaseError(new DatabaseError('DATABASE_DOWN', 'The database is down: not queried'))
      try {
        return await queryUnguarded(run)
      } catch (error) {
        onFailure(error)
        throw markDatabaseError(error)
      }
    },
    /**
     * Checks all connections and a new one. If all answer, the pool stays. If only the new one does, the pool is replaced: returns true.
     * If none does, the database is down until a later check resolves.
     */
    async check() {
      const fresh = open()
      const wasUp = isUp
      const [current, fresher] = await Promise.allSettled([wasUp && isAlive(), ping(fresh, DEADLINE_MS)])
      const isKept = current.status === 'fulfilled' && current.value
      isUp = isKept || fresher.status === 'fulfilled'
      // Pending queries may still finish, unless the server is down.
      if (!isKept) void client.end({ timeout: isUp ? 1 : 0 })
      if (isKept || !isUp) void fresh.end({ timeout: 0 })
      if (!isKept) client = isUp ? fresh : open()
      if (!isUp && fresher.status === 'rejected') throw fresher.reason
      return wasUp && !isKept
    },
    close: () => client.end({ timeout: 2 })
  }
}
