import { setTimeout as sleep } from 'node:timers/promises'
import type { Sql, TransactionSql } from 'postgres'
import { isConflict, NotCommitted } from '../errors.ts'

const MAX_TRIES = 5

/**
 * Begins a transaction. Its end is ours: postgres.js sends `commit` as a named statement, which fails behind a transaction
 * pooler and is sent again, and takes the answer ROLLBACK for success. So the callback that it waits for never returns
 * (decision 0037).
 */
function begin(client: Sql): Promise<TransactionSql> {
  const { promise, resolve, reject } = Promise.withResolvers<TransactionSql>()
  const work = (transaction: TransactionSql) => {
    resolve(transaction)
    return new Promise<never>(() => {})
  }
  client.begin('isolation level read committed', work).catch(reject)
  return promise
}

/**
 * Runs the work in a transaction that begins with `prologue`, if there is one. It is done only if the server answered COMMIT;
 * a failure is told at once, for after the loss of its connection nobody answers the rollback.
 */
export async function transact<T>(client: Sql, prologue: string, work: (transaction: TransactionSql) => Promise<T>) {
  const transaction = await begin(client)
  let result: T
  try {
    // It is sent together with the first statement.
    const isSet = prologue === '' ? null : transaction.unsafe(prologue).execute()
    result = (await Promise.all([work(transaction), isSet]))[0]
  } catch (error) {
    transaction.unsafe('rollback').catch(() => {})
    throw error
  }
  // From here on the connection may be somebody else's: nothing more is sent to it.
  const { command } = await transaction.unsafe('commit')
  if (command !== 'COMMIT') throw new NotCommitted()
  return result
}

/** Tries again what another transaction was in the way of: nothing of it was done. The last failure is thrown. */
export async function retryConflicts<T>(deadline: number, work: () => PromiseLike<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (!isConflict(error) || tries === MAX_TRIES || Date.now() >= deadline) throw error
      // Those that met do not meet again.
      await sleep(Math.random() * 10 * tries)
    }
  }
}
