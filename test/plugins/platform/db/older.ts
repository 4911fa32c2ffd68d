import BetterSqlite from 'better-sqlite3'
import type { FastifyInstance } from 'fastify'
import postgres from 'postgres'
import type { Test } from 'tap'
import { migrationsFor, openDatabase, planMigrations } from '../../../../src/plugins/platform/db/migrations.ts'
import { build, type databases } from '../../../build.ts'
import { eventsTable } from '../../../features/events/recorded.ts'
import { freshFolder } from '../../../process.ts'
import { freshUri } from './project.ts'

/** How many migrations each release had. */
export const releases = [
  { version: '0.1.0', migrations: 3 },
  { version: '0.2.0', migrations: 6 }
]
export type Release = (typeof releases)[number]

const TABLES = [
  'users',
  'sessions',
  eventsTable // of features/events
]

/** Copies the columns that the older database has. */
async function copyRows(isPostgres: boolean, from: string, to: string) {
  if (!isPostgres) {
    const database = new BetterSqlite(to.replace('file:', ''))
    database.prepare('attach ? as later').run(from.replace('file:', ''))
    for (const table of TABLES) {
      const columns = database.prepare('select name from pragma_table_info(?)').pluck().all(table).join()
      database.exec(`insert into main.${table} (${columns}) select ${columns} from later.${table}`)
    }
    return database.close()
  }
  const [source, target] = [postgres(from, { max: 1 }), postgres(to, { max: 1 })]
  for (const table of TABLES) {
    const columns = await target`select column_name as name from information_schema.columns where table_name = ${table}`
    const rows = await source`select ${source(columns.map(({ name }) => name))} from ${source(table)}`
    if (rows.length > 0) await target`insert into ${target(table)} ${target(rows)}`
  }
  await Promise.all([source.end(), target.end()])
}

/** A database as this release left it, with the accounts and sessions that `fill` makes; returns its URI and what `fill` returned. */
export async function olderDatabase<Made>(
  t: Test,
  database: (typeof databases)[number],
  { migrations }: Release,
  fill: (app: FastifyInstance) => Promise<Made>
) {
  const [current, uri] = [await freshUri(freshFolder(t), database), await freshUri(freshFolder(t), database)]
  const connection = await openDatabase(uri)
  await connection.migrate(planMigrations(migrationsFor(uri)([]).slice(0, migrations)))
  await connection.close()
  const app = await build(t, { DB_URI: current })
  const made = await fill(app)
  await app.close()
  await copyRows(database.isPostgres, current, uri)
  return { uri, made }
}
