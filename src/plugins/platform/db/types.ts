import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import type { Dialect, Tables } from './tables.ts'

export type { Tables }

/** The common subset of both databases: select, insert, update and delete, always awaited. */
export type Database = Omit<PgDatabase<PgQueryResultHKT>, 'execute' | 'query' | 'transaction'>

/** Locks the rows that a select finds until the transaction ends, where the database has such locks. */
export type Lock = <Query>(select: Query) => Query
/** One statement of a transaction, or none; `before` has the rows of the steps before it. */
export type Step<Row> = (tx: Database, lock: Lock, before: unknown[][]) => PromiseLike<Row[]> | null
type RowsOf<Steps extends Step<unknown>[]> = { [K in keyof Steps]: Steps[K] extends Step<infer Row> ? Row[] : never }
/**
 * Runs the guards, then the changes, in one transaction. Where a guard finds or changes no row nothing happens: null.
 * Gives the rows of each step. `alone`: nothing happens either while another process is at such a transaction.
 */
export type Atomically = <Guards extends Step<unknown>[], Changes extends Step<unknown>[]>(
  guards: [...Guards],
  changes: [...Changes],
  options?: { alone: boolean }
) => Promise<RowsOf<[...Guards, ...Changes]> | null>

type Values = Record<string, unknown>
/** Prepares a select once; the function gives its first row for the values of its placeholders, or null. */
export type PrepareOne = <Row>(
  select: { prepare(name: string): { execute(values: Values): Promise<Row[]> } },
  name: string
) => (values: Values) => Promise<Row | null>

/** One generated migration; `hash` is what the journal table remembers of it. */
export type Migration = { hash: string; folderMillis: number; sql: string[] }
/** Which of the migrations are to be applied, given the hashes of those that were, in order. */
export type MigrationPlan = (applied: string[]) => Migration[]

/** What a database of either dialect offers; both pass test/plugins/platform/db/connection.test.ts. */
export type Connection = {
  db: Database
  /** For `createTables`. */
  dialect: Dialect
  prepareOne: PrepareOne
  atomically: Atomically
  /** Resolves when the database answers. */
  ping(): Promise<void>
  /**
   * Resolves when it answers and takes changes; gives whether connections had to be replaced for that. After one that
   * rejected nobody waits for it, until one resolves.
   */
  check(): Promise<boolean>
  /** The hashes of the applied migrations, in order. */
  history(): Promise<string[]>
  /** Applies what the plan says, alone and as a whole; gives how many. */
  migrate(plan: MigrationPlan): Promise<number>
  close(): Promise<void>
}
