import type { FastifyBaseLogger } from 'fastify'
import { OperatorError } from '../config/operator-error.ts'
import type { Settings } from '../config/settings.ts'
import { isPostgres } from './address.ts'
import { migrationsFor } from './migrations.ts'
import type { Connection } from './types.ts'

const countOf = (count: number) => (count === 1 ? '1 database migration is' : `${count} database migrations are`)

/**
 * Creates the check that the database answers and has the tables of this version or a later one. The first check applies pending
 * migrations if DB_MIGRATE allows it. Later checks never do: a database that returns with fewer migrations is another one, or lost data.
 */
export function createSchemaCheck(
  connection: Connection,
  { DB_URI, DB_MIGRATE }: Pick<Settings, 'DB_URI' | 'DB_MIGRATE'>,
  log: FastifyBaseLogger
) {
  const plan = migrationsFor(DB_URI)
  const fileCount = plan([]).length
  const isAutomatic = DB_MIGRATE === 'default' ? !isPostgres(DB_URI) : DB_MIGRATE === 'auto'
  /** How many migrations the database had at the last check; 0 before the first. */
  let known = 0

  return async function checkSchema() {
    for (const warning of await connection.check()) log.warn({ dependency: 'database' }, warning)
    const history = await connection.history()
    const pending = Math.max(plan(history).length, known - history.length)
    if (pending > 0 && !(known === 0 && isAutomatic))
      throw new OperatorError(`${countOf(pending)} pending: npm run db:migrate`)
    const applied = pending > 0 ? await connection.migrate(plan) : 0
    if (applied > 0) log.info(`applied ${applied} database migrations`)
    const unknown = history.length - fileCount
    if (unknown > 0 && history.length > known)
      log.warn(
        { dependency: 'database', unknownMigrations: unknown },
        'the database is newer than the code: a later release has migrated it'
      )
    known = history.length + pending
  }
}
