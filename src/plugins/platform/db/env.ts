import { choice, integer, text } from '../config/setting-types.ts'
import { defineSettings, type Values } from '../config/settings.ts'
import { findAddressFault } from './address.ts'

const FAULT = 'must be postgres://user:password@host:5432/name, with the password percent-encoded, or an SQLite file'

const dbSettings = defineSettings({
  DB_URI: text(
    'file:./app.db',
    (uri) => findAddressFault(uri) === null,
    FAULT,
    (uri) => findAddressFault(uri) ?? FAULT
  ),
  /** `auto` applies pending migrations at startup, `check` refuses to start with any; `default`: SQLite auto, PostgreSQL check. */
  DB_MIGRATE: choice(['default', 'auto', 'check'], 'default'),
  /** `transaction`: DB_URI leads to a pooler that may run each transaction on another connection. */
  DB_POOLER: choice(['none', 'transaction'], 'none'),
  /** Connections of this process to PostgreSQL. */
  DB_POOL_MAX: integer('10', 1, 1000)
})

declare module '../config/settings.ts' {
  interface Settings extends Values<typeof dbSettings> {}
}
