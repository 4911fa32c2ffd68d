import type BetterSqlite from 'better-sqlite3'
import { OperatorError } from '../../config/operator-error.ts'
import { sqlitePath } from '../address.ts'
import { loadSqlite } from '../drizzle.ts'
import { createCommitHooks, nullIfRolledBack, requireRows } from '../rollback.ts'
import type {
  Connection,
  Database,
  Done,
  MigrationPlan,
  PrepareOne,
  RunTransaction,
  Step,
  Transaction
} from '../types.ts'
import { copyBeforeMigration } from './backup.ts'
import { limitBusyTimeout } from './busy-timeout.ts'
import { dialect } from './dialect.ts'
import { findOpenToOthers, MIGRATION_WAIT_MS, openFile } from './file.ts'

// drizzle-kit's own journal table, so that either tool can apply migrations.
const JOURNAL =
  'create table if not exists __drizzle_migrations (id serial primary key, hash text not null, created_at numeric)'

const OPEN_TO_OTHERS = 'other users may open the SQLite file, which belongs to another user: run chmod 600 on it'
const OPEN_ELSEWHERE =
  'another process has the SQLite file of DB_URI open, but it is for one: stop the other, or use PostgreSQL and Redis'

/** The hashes of the migrations applied to a file, in order. */
export function historyOf(client: BetterSqlite.Database) {
  const isThere = client.prepare("select 1 from sqlite_master where name = '__drizzle_migrations'").get()
  if (!isThere) return []
  return client.prepare('select hash from __drizzle_migrations order by created_at').pluck().all() as string[]
}

/** Opens, and if needed creates, an SQLite file. */
export async function openSqlite(uri: string, onFailure: (error: unknown) => void): Promise<Connection> {
  const path = sqlitePath(uri)
  const { client, isOpenElsewhere } = await openFile(path)
  client.pragma('synchronous = FULL')
  client.pragma('foreign_keys = ON')
  const { attempt, prepare, check } = limitBusyTimeout(client, onFailure)
  const guarded = { prepare, transaction: client.transaction.bind(client) } as BetterSqlite.Database
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
  const run = (step: Step<unknown>, tx: Transaction, done: Done) =>
    (step(tx, done) as unknown as { all(): unknown[] } | null)?.all() ?? []
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
    const transact = () => native.transaction(runAll, { behavior: 'immediate' }) as never
    return hooks.runAfter(nullIfRolledBack(async () => attempt(transact)))
  }

  const applyAll = (plan: MigrationPlan) => {
    const applied = historyOf(client)
    const pending = plan(applied)
    const isNew = client.memory || client.prepare('select 1 from sqlite_master').get() === undefined
    // This transaction is immediate, so nothing is written between copy and migration.
    if (pending.length > 0 && !isNew) copyBeforeMigration(path, applied.length)
    client.exec(JOURNAL)
    const remember = client.prepare('insert into __drizzle_migrations (hash, created_at) values (?, ?)')
    for (const { sql, hash, folderMillis } of pending) {
      for (const statement of sql) client.exec(statement)
      remember.run(hash, folderMillis)
    }
    const broken = client.pragma('foreign_key_check') as unknown[]
    if (broken.length > 0)
      throw new OperatorError(`A migration breaks ${broken.length} foreign keys; nothing was applied`)
    return pending.length
  }

  const warnings: string[] = []
  if (findOpenToOthers(path).length > 0) warnings.push(OPEN_TO_OTHERS)
  if (isOpenElsewhere) warnings.push(OPEN_ELSEWHERE)
  return {
    db,
    dialect,
    prepareOne,
    transaction,
    ping: async () => void prepare('select 1').get(),
    check: async () => {
      check()
      return warnings.splice(0)
    },
    history: async () => historyOf(client),
    migrate: async (plan) => {
      // Rebuilding a table drops the old one; with foreign keys on, the rows of its children would be deleted too.
      const before = client.pragma('busy_timeout', { simple: true })
      client.pragma('foreign_keys = OFF')
      client.pragma(`busy_timeout = ${MIGRATION_WAIT_MS}`)
      try {
        return client.transaction(() => applyAll(plan)).immediate()
      } finally {
        client.pragma(`busy_timeout = ${before}`)
        client.pragma('foreign_keys = ON')
      }
    },
    close: async () => void client.close()
  }
}
