import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import type { Dialect } from './postgres/dialect.ts'
import type { Tables } from './tables.ts'

export type { Tables }

/** The common subset of both databases: select, insert, update and delete, always awaited. */
export type Database = Omit<PgDatabase<PgQueryResultHKT>, 'execute' | 'query' | 'transaction'>

/** The builders inside a transaction. */
export type Transaction = Database & {
  /** Holds the rows that a select finds until the transaction ends, where the database can. */
  lock<Query>(select: Query): Query
  /** Calls the hook after the commit; never after a rollback, nor if the reply of the database was lost. */
  onCommit(hook: () => void): void
}
/** The rows of each step that has already run, by its name. */
export type Done = Readonly<Record<string, unknown[]>>
/** One statement of a transaction, or null for none. */
export type Step<Row> = (tx: Transaction, done: Done) => PromiseLike<Row[]> | null
/** Named steps, given the row that each returns. */
export type Steps<Rows> = { [Name in keyof Rows]: Step<Rows[Name]> }
/**
 * Runs the preconditions, then the steps, each in the order written, in one transaction, and returns the rows of each by name.
 * If a precondition finds or changes no row, everything is rolled back and the result is null. With `skipIfLocked`, the result
 * is also null while another process runs a transaction with `skipIfLocked`.
 */
export type RunTransaction = <P = Record<never, never>, S = Record<never, never>>(work: {
  preconditions?: Steps<P>
  steps?: Steps<S>
  skipIfLocked?: boolean
}) => Promise<{ [Name in keyof (P & S)]: (P & S)[Name][] } | null>

/**
 * Runs one statement that changes rows. SQLite commits those of one turn of the event loop together, which `await` alone does not do: use
 * it where many requests write.
 */
export type Write = <Row>(change: PromiseLike<Row[]>) => Promise<Row[]>

type Values = Record<string, unknown>
/** Prepares a select once; the returned function takes the values of its placeholders and returns the first row, or null. */
export type PrepareOne = <Row>(
  select: { prepare(name: string): { execute(values: Values): Promise<Row[]> } },
  name: string
) => (values: Values) => Promise<Row | null>

/** One generated migration; the journal table stores its `hash`. */
export type Migration = { hash: string; folderMillis: number; sql: string[]; file?: string }
/** Returns the migrations still to apply, given the hashes of the applied ones in order. */
export type MigrationPlan = (applied: string[]) => Migration[]

/** What each adapter provides; test/plugins/platform/db/connection.test.ts holds both to it. */
export type Connection = {
  db: Database
  /** For `createTables`. */
  dialect: Dialect
  prepareOne: PrepareOne
  transaction: RunTransaction
  write: Write
  /** Resolves when the database answers. */
  ping(): Promise<void>
  /**
   * Resolves with warnings for the log once the database answers and accepts writes. After it rejects, queries fail at once until it
   * resolves.
   */
  check(): Promise<string[]>
  /** The hashes of the applied migrations, in order. */
  history(): Promise<string[]>
  /** Applies the plan under a lock, all or nothing; returns how many migrations. */
  migrate(plan: MigrationPlan): Promise<number>
  close(): Promise<void>
}
