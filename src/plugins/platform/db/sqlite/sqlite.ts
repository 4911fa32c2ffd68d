import { setImmediate as nextTurn } from 'node:timers/promises'
import type BetterSqlite from 'better-sqlite3'
import { sqlitePath } from '../address.ts'
import { loadSqlite } from '../drizzle.ts'
import { createCommitHooks, nullIfRolledBack, requireRows } from '../rollback.ts'
import type { Connection, Database, Done, PrepareOne, RunTransaction, Step, Transaction } from '../types.ts'
import { limitBusyTimeout } from './busy-timeout.ts'
import { dialect } from './dialect.ts'
import { findOpenToOthers, openFile } from './file.ts'
import { createGroupCommit } from './group-commit.ts'
import { createJournal } from './journal.ts'
import { keepStatements } from './statements.ts'

const OPEN_TO_OTHERS = 'other users may open the SQLite file, which belongs to another user: run chmod 600 on it'
const OPEN_ELSEWHERE =
  'another process has the SQLite file of DB_URI open, but it is for one: stop the other, or use PostgreSQL and Redis'

/** Opens, and if needed creates, an SQLite file. */
export async function openSqlite(uri: string, onFailure: (error: unknown) => void): Promise<Connection> {
  const path = sqlitePath(uri)
  const { client, isOpenElsewhere } = await openFile(path)
  client.pragma('synchronous = FULL')
  client.pragma('foreign_keys = ON')
  const { attempt, prepare, check } = limitBusyTimeout(client, onFailure)
  const guarded = {
    prepare: keepStatements(prepare),
    transaction: client.transaction.bind(client)
  } as BetterSqlite.Database
  const native = loadSqlite().drizzle(guarded)
  // Awaited builders behave the same in both dialects.
  const db = native as unknown as Database

  const prepareOne: PrepareOne = <Row>(select: Parameters<PrepareOne>[0], name: string) => {
    // `execute` would wrap the rows in a promise that takes longer than the read.
    const query = select.prepare(name) as unknown as { get(values: object): Row | undefined }
    return async (values) => query.get(values) ?? null
  }

  // A transaction holds the only write lock of the file from its beginning.
  const lock = <Query>(select: Query) => select
  // better-sqlite3 refuses async transactions, so steps run by the synchronous `all` of their builders.
  const runNow = (builder: unknown) => (builder as { all(): unknown[] } | null)?.all() ?? []
  const run = (step: Step<unknown>, tx: Transaction, done: Done) => runNow(step(tx, done))
  const commit = createGroupCommit(client, attempt)
  const transaction: RunTransaction = async ({ preconditions = {}, steps = {} }) => {
    const hooks = createCommitHooks()
    const runAll = (begun: object) => {
      const tx = Object.assign(begun, { lock, onCommit: hooks.begin() }) as unknown as Transaction
      const done: Record<string, unknown[]> = {}
      for (const [name, step] of Object.entries<Step<unknown>>(preconditions))
        done[name] = requireRows(run(step, tx, done))
      for (const [name, step] of Object.entries<Step<unknown>>(steps)) done[name] = run(step, tx, done)
      return done
    }
    const transact = () => native.transaction(runAll) as never
    return hooks.runAfter(nullIfRolledBack(() => commit(transact)))
  }

  const warnings: string[] = []
  if (findOpenToOthers(path).length > 0) warnings.push(OPEN_TO_OTHERS)
  if (isOpenElsewhere) warnings.push(OPEN_ELSEWHERE)
  return {
    db,
    dialect,
    prepareOne,
    transaction,
    write: (change) => commit(() => runNow(change) as never),
    ping: async () => void prepare('select 1').get(),
    check: async () => {
      check()
      return warnings.splice(0)
    },
    ...createJournal(client, path),
    async close() {
      // What waits for its commit is stored first.
      await nextTurn()
      client.close()
    }
  }
}
