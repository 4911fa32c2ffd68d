import type { Sql } from 'postgres'
import t from 'tap'
import { createDatabases, createTemplate, openPostgres } from './postgres.ts'

export { freePort, waitUntil } from './wait.ts'

// Real servers on free loopback ports. The test files of a run share one PostgreSQL, which test/run.ts starts; a file that runs
// alone starts its own. So does a test that stops a server or changes its settings.

/** Starts a PostgreSQL that stops when the test file ends. */
export async function startPostgres() {
  const server = await openPostgres()
  t.teardown(server.remove)
  return server
}

let shared: Promise<ReturnType<typeof createDatabases>> | undefined
async function openShared() {
  const given = process.env['TEST_POSTGRES_URL']
  const address = given ?? (await startPostgres()).address
  if (!given) await createTemplate(address)
  const databases = createDatabases(address)
  t.teardown(databases.dropAll)
  return databases
}

/** Returns the URI of a new, empty PostgreSQL database. */
export async function freshPostgresUri() {
  shared ??= openShared()
  return (await shared).createDatabase()
}

/** Returns the URI of a new PostgreSQL database with all migrations applied. */
export async function migratedPostgresUri() {
  shared ??= openShared()
  return (await shared).createMigratedDatabase()
}

/** The statements in this database that wait for a lock. Other databases of the server belong to other tests. */
export const waitingForLock = (sql: Sql) =>
  sql`select query from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
