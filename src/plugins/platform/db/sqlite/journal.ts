import type BetterSqlite from 'better-sqlite3'
import { OperatorError } from '../../config/operator-error.ts'
import { explainMigration } from '../explain-migration.ts'
import type { Connection, MigrationPlan } from '../types.ts'
import { copyBeforeMigration } from './backup.ts'
import { MIGRATION_WAIT_MS } from './file.ts'

const CREATE_JOURNAL =
  'create table if not exists __drizzle_migrations (id serial primary key, hash text not null, created_at numeric)'

/** The hashes of the migrations applied to a file, in order. */
export function historyOf(client: BetterSqlite.Database) {
  const isThere = client.prepare("select 1 from sqlite_master where name = '__drizzle_migrations'").get()
  if (!isThere) return []
  return client.prepare('select hash from __drizzle_migrations order by created_at').pluck().all() as string[]
}

/** The history of migrations in an SQLite file, in drizzle-kit's own journal table, so that either tool can apply migrations. */
export function createJournal(client: BetterSqlite.Database, path: string): Pick<Connection, 'history' | 'migrate'> {
  function applyAll(plan: MigrationPlan) {
    const applied = historyOf(client)
    const pending = plan(applied)
    const isNew = client.memory || client.prepare('select 1 from sqlite_master').get() === undefined
    // This transaction is immediate, so nothing is written between copy and migration.
    if (pending.length > 0 && !isNew) copyBeforeMigration(path, applied.length)
    client.exec(CREATE_JOURNAL)
    const remember = client.prepare('insert into __drizzle_migrations (hash, created_at) values (?, ?)')
    for (const migration of pending) {
      try {
        for (const statement of migration.sql) client.exec(statement)
      } catch (error) {
        throw explainMigration(migration, error)
      }
      remember.run(migration.hash, migration.folderMillis)
    }
    const broken = client.pragma('foreign_key_check') as unknown[]
    if (broken.length > 0)
      throw new OperatorError(`A migration breaks ${broken.length} foreign keys; nothing was applied`)
    return pending.length
  }

  return {
    history: async () => historyOf(client),
    migrate: async (plan) => {
      // Rebuilding a table drops the old one; with foreign keys on, the rows of its children would be deleted too.
      const before = client.pragma('busy_timeout', { simple: true })
      client.pragma('foreign_keys = OFF')
      client.pragma(`busy_timeout = ${MIGRATION_WAIT_MS}`)
      try {
        return client.transaction(() => applyAll(plan)).immediate()
      } finally {
        client.pragma(`busy_timeout = ${before}`)
        client.pragma('foreign_keys = ON')
      }
    }
  }
}
