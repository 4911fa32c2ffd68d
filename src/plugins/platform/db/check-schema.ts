import type { FastifyBaseLogger } from 'fastify'
import type { Settings } from '../config/settings.ts'
import { describeClock } from './clock.ts'
import { isPostgres, migrationsFor } from './migrations.ts'
import type { Connection } from './types.ts'

/**
 * Looks whether the database answers and has the tables of this version or a later one; at the first look it is given them,
 * where DB_MIGRATE says so. One that comes back with fewer than it had is not filled anew: it is another, or lost its data.
 */
export function createSchemaCheck(
  connection: Connection,
  { DB_URI, DB_MIGRATE }: Pick<Settings, 'DB_URI' | 'DB_MIGRATE'>,
  log: FastifyBaseLogger
) {
  const plan = migrationsFor(DB_URI)
  const fileCount = plan([]).length
  const isAutomatic = DB_MIGRATE === 'default' ? !isPostgres(DB_URI) : DB_MIGRATE === 'auto'
  /** How many migrations it has; 0: not yet seen. */
  let known = 0

  return async function look() {
    const isReplaced = await connection.check()
    if (isReplaced) log.warn({ dependency: 'database' }, 'connections that led nowhere were replaced')
    const history = await connection.history()
    const isNew = known === 0
    const pending = Math.max(plan(history).length, known - history.length)
    if (pending > 0 && !(isNew && isAutomatic))
      throw new Error(`${pending} database migrations are pending: npm run db:migrate`)
    const applied = pending > 0 ? await connection.migrate(plan) : 0
    if (applied > 0) log.info(`applied ${applied} database migrations`)
    const clock = isNew && isPostgres(DB_URI) ? await describeClock(connection.db) : null
    if (clock) log.warn({ dependency: 'database' }, clock)
    const unknown = history.length - fileCount
    if (unknown > 0 && history.length > known)
      log.warn(
        { dependency: 'database', unknownMigrations: unknown },
        'the database is newer than the code: a later release has migrated it'
      )
    known = history.length + pending
  }
}
