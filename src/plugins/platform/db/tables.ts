import type { BuildExtraConfigColumns } from 'drizzle-orm'
import type { PgColumnBuilderBase, PgTableExtraConfigValue } from 'drizzle-orm/pg-core'
import type { Dialect } from './postgres/dialect.ts'

/** The tables of the database in use, typed as PostgreSQL's. Each concern adds its own in `tables.ts`. */
// biome-ignore lint/suspicious/noEmptyInterface: concerns add their tables by declaration merging
export interface Tables {}

/** What `src/tables.ts` exports: every table, not yet built for a dialect. */
export type TableDefinitions = { [Name in keyof Tables]: (dialect: Dialect, tables: Tables) => Tables[Name] }

/**
 * Declares a table for both dialects, in the column types that both have: `uuid`, `text`, `integer`, `boolean`, `time` (a Date, to the
 * millisecond). `tables` has the other tables, for foreign keys: `.references(() => tables.users.id)`.
 */
export function defineTable<Name extends string, Columns extends Record<string, PgColumnBuilderBase>>(
  name: Name,
  columns: (column: Dialect, tables: Tables) => Columns,
  indexes: (
    table: BuildExtraConfigColumns<Name, Columns, 'pg'>,
    index: Dialect['index'],
    primaryKey: Dialect['primaryKey']
  ) => PgTableExtraConfigValue[] = () => []
) {
  return (dialect: Dialect, tables: Tables) =>
    dialect.table(name, columns(dialect, tables), (table) => indexes(table, dialect.index, dialect.primaryKey))
}

/** Builds the tables for the dialect of a database. */
export function createTables(definitions: TableDefinitions, dialect: Dialect) {
  const tables = {} as Tables
  for (const [name, define] of Object.entries(definitions)) Object.assign(tables, { [name]: define(dialect, tables) })
  return tables
}
