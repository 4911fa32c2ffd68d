import type { Sql, TransactionSql } from 'postgres'
import { timeLeft, withTimeout } from '../../time-budget/time-budget.ts'
import { DatabaseDown, markDatabaseError, ReadOnly } from '../errors.ts'
import { isStaleStatement } from './stale-statement.ts'
import { retryConflicts, transact } from './transaction.ts'

export type Pool = ReturnType<typeof createPool>

export const DEADLINE_MS = 800
/** Longer than a statement may take (`statement_timeout`): who says nothing for so long is not just slow. */
const SILENCE_MS = 1200

const TOO_MANY = '53300'

/** After a reply that broke off, as by `statement_timeout`, postgres.js leaves holes in front of the rows of the next reply. */
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
  if (row?.['transaction_read_only'] === 'on') throw new ReadOnly()
}

/**
 * A pool of postgres.js with a deadline for each query: by itself it waits for ever, sends to a server that does not answer
 * whatever comes, and goes on with connections whose other end is gone without a word. `connect` opens one and says when a
 * connection of it was lost; `onFault` is told of each failure; each transaction begins with `prologue`.
 */
export function createPool(connect: (onLost: () => void) => Sql, onFault: (error: unknown) => void, prologue = '') {
  /** None of its connections may come back from the dead, so the others, which have a second to finish, are replaced too. */
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
  let isOpen = true
  // drizzle will set its own parsers for this one.
  const { options } = client

  function open() {
    const fresh = create()
    Object.assign(fresh.options.parsers, options.parsers)
    Object.assign(fresh.options.serializers, options.serializers)
    return fresh
  }

  /** Whether all connections answer: so many pings at once reach each of them, those too that owe others an answer. */
  async function isAlive() {
    const pings = await Promise.allSettled(Array.from({ length: options.max }, () => ping(client, SILENCE_MS)))
    const failed = pings.filter((ping) => ping.status === 'rejected')
    // "Too many connections" does not mean that a connection died.
    return failed.length < pings.length && failed.every(({ reason }) => reason.code === TOO_MANY)
  }

  /** Repeats a query on new connections if its prepared statement is stale. */
  async function run<T>(query: (sql: Sql) => PromiseLike<T>) {
    const used = client
    try {
      return await query(used)
    } catch (error) {
      if (!isStaleStatement(error)) throw error
      onFault(error)
      replace(used)
      return query(client)
    }
  }

  /** Asks, whether it is known to be down or not. */
  async function answer<T>(query: (sql: Sql) => PromiseLike<T>) {
    const deadline = Date.now() + timeLeft(DEADLINE_MS)
    return withoutHoles(await withTimeout(DEADLINE_MS, () => retryConflicts(deadline, () => run(query))))
  }

  return {
    options,
    answer,
    /** A transaction, for who knows a deadline. */
    begin: <T>(work: (transaction: TransactionSql) => Promise<T>) => transact(client, prologue, work),
    /** Asks; DatabaseDown at once while it is known to be down. */
    async ask<T>(query: (sql: Sql) => PromiseLike<T>) {
      if (!isOpen) throw markDatabaseError(new DatabaseDown())
      try {
        return await answer(query)
      } catch (error) {
        onFault(error)
        throw markDatabaseError(error)
      }
    },
    /**
     * Resolves if it can be used: then it may be. Asked when there is doubt, and again while it is down. Connections are kept
     * if all of them answer; a new one tells whether it is them or the server. Gives whether it was them.
     */
    async check() {
      const fresh = open()
      const wasOpen = isOpen
      const [before, now] = await Promise.allSettled([wasOpen && isAlive(), ping(fresh, DEADLINE_MS)])
      const isKept = before.status === 'fulfilled' && before.value
      isOpen = isKept || now.status === 'fulfilled'
      // What is on its way may still arrive, but not from a server that is down.
      if (!isKept) void client.end({ timeout: isOpen ? 1 : 0 })
      if (isKept || !isOpen) void fresh.end({ timeout: 0 })
      if (!isKept) client = isOpen ? fresh : open()
      if (!isOpen && now.status === 'rejected') throw now.reason
      return wasOpen && !isKept
    },
    close: () => client.end({ timeout: 2 })
  }
}
