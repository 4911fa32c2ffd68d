import { isForbidden, MissingRights } from '../errors.ts'
import type { Connection } from '../types.ts'
import type { Pool } from './pool.ts'

/** Any number that no other application on this database uses: "fastify" on a phone's keys. */
export const MIGRATION_LOCK = 3_278_439
/** Creating what is there already would ask for rights that only its owner has. */
const CREATE_JOURNAL = `do $$ begin
  if to_regnamespace('drizzle') is null then create schema drizzle; end if;
  if to_regclass('drizzle.__drizzle_migrations') is null then
    create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint);
  end if;
end $$`

/** Rejects with MissingRights where the role may not do the work. */
async function permitted<T>(work: () => Promise<T>) {
  try {
    return await work()
  } catch (error) {
    throw isForbidden(error) ? new MissingRights(error) : error
  }
}

/** The history of migrations in PostgreSQL, as drizzle-kit keeps it. */
export function createJournal(pool: Pool): Pick<Connection, 'history' | 'migrate'> {
  return {
    history: () =>
      permitted(async () => {
        const [journal] = await pool.answer((sql) =>
          sql.unsafe("select to_regclass('drizzle.__drizzle_migrations') is not null as there")
        )
        if (!journal?.['there']) return []
        const rows = await pool.answer((sql) =>
          sql.unsafe('select hash from drizzle.__drizzle_migrations order by created_at')
        )
        return rows.map((row) => row['hash'])
      }),
    migrate: (plan) =>
      permitted(() =>
        pool.begin(async (tx) => {
          // Waiting for another replica's migration is no slow statement.
          await tx.unsafe('set local statement_timeout = 0')
          await tx.unsafe(`select pg_advisory_xact_lock(${MIGRATION_LOCK})`)
          await tx.unsafe(CREATE_JOURNAL)
          const applied = await tx.unsafe('select hash from drizzle.__drizzle_migrations order by created_at')
          const pending = plan(applied.map((row) => row['hash']))
          for (const { sql, hash, folderMillis } of pending) {
            for (const statement of sql) await tx.unsafe(statement)
            await tx.unsafe('insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)', [
              hash,
              folderMillis
            ])
          }
          return pending.length
        })
      )
  }
}
