import { createRequire } from 'node:module'
import type * as Drizzle from 'drizzle-orm'
import type * as BetterSqlite from 'drizzle-orm/better-sqlite3'
import type * as Migrator from 'drizzle-orm/migrator'
import type * as PgCore from 'drizzle-orm/pg-core'
import type * as PostgresJs from 'drizzle-orm/postgres-js'
import type * as SqliteCore from 'drizzle-orm/sqlite-core'

// As ES modules drizzle-orm takes about 0.5 s to load, since Node parses its package.json again for each of its modules;
// by require it takes a quarter of that. Types are imported as usual.
const require = createRequire(import.meta.url)

const drizzle = require('drizzle-orm') as typeof Drizzle
export const {
  and,
  asc,
  desc,
  eq,
  exists,
  gt,
  inArray,
  isNotNull,
  isNull,
  lt,
  lte,
  ne,
  notExists,
  notInArray,
  or,
  sql
} = drizzle
export const { readMigrationFiles } = require('drizzle-orm/migrator') as typeof Migrator
/** What a dialect needs: its columns and its driver, loaded only for the database in use. */
export const loadSqlite = () => ({
  ...(require('drizzle-orm/sqlite-core') as typeof SqliteCore),
  ...(require('drizzle-orm/better-sqlite3') as typeof BetterSqlite)
})
export const loadPostgres = () => ({
  ...(require('drizzle-orm/pg-core') as typeof PgCore),
  ...(require('drizzle-orm/postgres-js') as typeof PostgresJs)
})
