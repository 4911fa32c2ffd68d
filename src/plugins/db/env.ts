import { choice, text } from '../config/kinds.ts'
import { hasKnownTlsMode } from './tls.ts'

/** Of several hosts none would be found to be the one that takes changes. */
function hasOneHost(uri: string) {
  const { hostname, searchParams } = new URL(uri)
  return !hostname.includes(',') && !searchParams.has('target_session_attrs')
}

/** An SQLite file, or an address that postgres.js can read; the addresses of other databases are no file names. */
function isDatabase(uri: string) {
  if (/^postgres(ql)?:/.test(uri)) return URL.canParse(uri) && hasOneHost(uri) && hasKnownTlsMode(uri)
  return uri === ':memory:' || uri.startsWith('file:') || !/^[a-z][\w+.-]+:|[?#]/i.test(uri)
}

const FAULT = 'must be postgres://… (one host; sslmode: disable, require, verify-full or no-verify) or an SQLite file'

export const dbEnv = {
  DB_URI: text('file:./app.db', isDatabase, FAULT),
  /** `auto` applies pending migrations at start, `check` refuses to start on them; `default`: SQLite auto, PostgreSQL check. */
  DB_MIGRATE: choice(['default', 'auto', 'check'], 'default')
}
