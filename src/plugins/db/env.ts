import { choice, text } from '../config/kinds.ts'

export const dbEnv = {
  DB_URI: text(
    'file:./app.db',
    '^(postgres(ql)?://.+|file:.+|(?![a-zA-Z][\\w+.-]+:)[^?#]+|:memory:)$',
    'must be postgres://… or an SQLite file'
  ),
  /** `auto` applies pending migrations at start, `check` refuses to start on them; `default`: SQLite auto, PostgreSQL check. */
  DB_MIGRATE: choice(['default', 'auto', 'check'], 'default')
}
