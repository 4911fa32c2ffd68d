import type { Sql } from 'postgres'
import t from 'tap'
import { createDatabases, createTemplate, openPostgres } from './postgres.ts'
import { givenRedis, openRedis, redisProgram } from './redis.ts'

export { type RedisServer, redisProgram } from './redis.ts'
export { freePort, waitUntil } from './wait.ts'

// Real servers on free loopback ports. The test files of a run share one PostgreSQL and one Redis, which test/run.ts starts;
// a file that runs alone starts its own. So does a test that stops a server or changes its settings.

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

const isRedisRequired = process.env['CI'] === 'true'

/** Why tests with Redis cannot run here, or false if they can. With CI=true they run and fail instead. */
export const noRedis: string | false =
  redisProgram || (givenRedis && givenRedis !== 'none') || isRedisRequired
    ? false
    : 'needs Redis: install redis-server or valkey-server, or set TEST_REDIS_URL'
/** The same for tests that stop their Redis or change its settings. */
export const noRedisProgram: string | false =
  redisProgram || isRedisRequired ? false : 'needs redis-server or valkey-server in PATH'

/** Starts a Redis that stops when the test file ends. */
export async function startRedis() {
  const server = await openRedis()
  t.teardown(server.remove)
  return server
}

let sharedRedis: Promise<string> | undefined
/** Returns TEST_REDIS_URL, or the URL of a Redis of this test file. */
export function redisUrl() {
  sharedRedis ??= givenRedis ? Promise.resolve(givenRedis) : startRedis().then(({ url }) => url)
  return sharedRedis
}

/** The statements in this database that wait for a lock. Other databases of the server belong to other tests. */
export const waitingForLock = (sql: Sql) =>
  sql`select query from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
