import { explainMigration } from '../explain-migration.ts'
import type { Connection } from '../types.ts'
import type { Pool } from './pool.ts'

/** A number that no other application on this database uses: "fastify" on a phone keypad. */
export const MIGRATION_LOCK = 3_278_439
/** `create … if not exists` would demand the owner's rights even if it exists. */
const CREATE_JOURNAL = `do $$ begin
  if to_regnamespace('drizzle') is null then create schema drizzle; end if;
  if to_regclass('drizzle.__drizzle_migrations') is null then
    create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint);
  end if;
end $$`
const READ_JOURNAL = 'select hash from drizzle.__drizzle_migrations order by created_at'

/** The history of migrations in PostgreSQL, in drizzle-kit's own journal table. */
export function createJournal(pool: Pool): Pick<Connection, 'history' | 'migrate'> {
  const query = (text: string) => pool.queryUnguarded((sql) => sql.unsafe(text))

  async function history() {
    const [journal] = await query("select to_regclass('drizzle.__drizzle_migrations') is not null as exists")
    return journal?.['exists'] ? (await query(READ_JOURNAL)).map((row) => row['hash']) : []
  }

  return {
    history,
    migrate: (plan) =>
      pool.begin(async (tx) => {
        // Waiting for another replica's migration may take long.
        await tx.unsafe('set local statement_timeout = 0')
        await tx.unsafe(`select pg_advisory_xact_lock(${MIGRATION_LOCK})`)
        await tx.unsafe(CREATE_JOURNAL)
        const pending = plan((await tx.unsafe(READ_JOURNAL)).map((row) => row['hash']))
        const remember = 'insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)'
        for (const migration of pending) {
          try {
            for (const statement of migration.sql) await tx.unsafe(statement)
          } catch (error) {
            throw explainMigration(migration, error)
          }
          await tx.unsafe(remember, [migration.hash, migration.folderMillis])
        }
        return pending.length
      })
  }
}
