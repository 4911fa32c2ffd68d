import { choice, integer, text } from '../config/setting-types.ts'
import { defineSettings, type Settings, type Values } from '../config/settings.ts'
import { findParameterFault, isAddress, isPostgres } from './address.ts'
import { hasKnownTlsMode } from './postgres/tls.ts'

/** An SQLite file, or an address of PostgreSQL; the addresses of other databases are no file names. */
function isDatabase(uri: string) {
  if (isPostgres(uri)) return isAddress(uri) && hasKnownTlsMode(uri)
  return uri === ':memory:' || uri.startsWith('file:') || !/^[a-z][\w+.-]+:/i.test(uri)
}

const FAULT =
  'must be postgres://user:password@host:5432/name (with @ : / ? # % in the password percent-encoded, one host, and sslmode disable, require, verify-full or no-verify) or an SQLite file'

const dbSettings = {
  DB_URI: text('file:./app.db', isDatabase, FAULT),
  /** `auto` applies pending migrations at start, `check` refuses to start while any are pending; `default`: SQLite auto, PostgreSQL check. */
  DB_MIGRATE: choice(['default', 'auto', 'check'], 'default'),
  /** `transaction`: DB_URI leads to a pooler that may do each transaction of a connection on another one. */
  DB_POOLER: choice(['none', 'transaction'], 'none'),
  /** Connections of this process to PostgreSQL. */
  DB_POOL_MAX: integer('10', 1, 1000)
}

/** Parameters that DB_URI must not have. */
function dbConflict({ DB_URI }: Settings) {
  const fault = DB_URI === undefined ? null : findParameterFault(DB_URI)
  return fault && `DB_URI ${fault}`
}

defineSettings(dbSettings, dbConflict)

declare module '../config/settings.ts' {
  interface Settings extends Values<typeof dbSettings> {}
}
