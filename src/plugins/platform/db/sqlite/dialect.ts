import { loadSqlite } from '../drizzle.ts'
import type { Dialect } from '../postgres/dialect.ts'

const { sqliteTable: table, index, primaryKey, text, integer } = loadSqlite()
const boolean = (name: string) => integer(name, { mode: 'boolean' })
const time = (name: string) => integer(name, { mode: 'timestamp_ms' })

/** Both dialects map rows to the same JavaScript values, so SQLite's tables can be typed as PostgreSQL's. */
export const dialect = { table, index, primaryKey, uuid: text, text, integer, boolean, time } as unknown as Dialect
