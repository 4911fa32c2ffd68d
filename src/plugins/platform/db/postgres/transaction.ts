import { setTimeout as sleep } from 'node:timers/promises'
import type { Sql, TransactionSql } from 'postgres'
import { DatabaseError, hasCode } from '../errors.ts'

const MAX_TRIES = 5

/**
 * Begins a transaction that we end ourselves: postgres.js sends `commit` as a named statement, which fails behind a transaction pooler
 * and is sent again, and takes the answer ROLLBACK for success. So the callback it waits for never returns (decision 0037).
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
 * Runs the work in a transaction that begins with `prologue`. Succeeds only if the server answers COMMIT. Rejects without waiting for the
 * rollback, which a lost connection would never answer.
 */
export async function transact<T>(client: Sql, prologue: string, work: (transaction: TransactionSql) => Promise<T>) {
  const transaction = await begin(client)
  let result: T
  try {
    // Sent together with the first statement.
    const isSet = prologue === '' ? null : transaction.unsafe(prologue).execute()
    result = (await Promise.all([work(transaction), isSet]))[0]
  } catch (error) {
    transaction.unsafe('rollback').catch(() => {})
    throw error
  }
  // After this the connection may belong to another client: nothing more is sent to it.
  const { command } = await transaction.unsafe('commit')
  if (command !== 'COMMIT') throw new DatabaseError('NOT_COMMITTED', 'The server rolled back instead of committing')
  return result
}

/** Retries work that was rolled back because of another transaction; throws the last failure. */
export async function retryConflicts<T>(deadline: number, work: () => PromiseLike<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (!hasCode(error, /^(40001|40P01)$/) || tries === MAX_TRIES || Date.now() >= deadline) throw error
      // A random delay, so that the same transactions do not collide again.
      await sleep(Math.random() * 10 * tries)
    }
  }
}
