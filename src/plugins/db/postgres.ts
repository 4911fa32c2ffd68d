import postgres from 'postgres'
import { loadPostgres } from './drizzle.ts'
import { nullIfUndone, QueryDeadline, someRows } from './errors.ts'
import * as tables from './schema.postgres.ts'
import { tlsOptions } from './tls.ts'
import type { Atomically, Connection, Database, Lock, PrepareFirst } from './types.ts'

const DEADLINE_MS = 800
/** Any number that no other application on this database uses: "fastify" on a phone's keys. */
const MIGRATION_LOCK = 3_278_439
/** Held until the transaction ends; no row: another process has it. */
const TRY_ALONE = `select 1 from pg_try_advisory_xact_lock(${MIGRATION_LOCK + 1}) as got where got`

/** Rejects with QueryDeadline if nothing came in time: postgres.js itself can wait for ever. */
function inTime<T>(query: PromiseLike<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const timer = setTimeout(() => reject(new QueryDeadline('The database did not answer in time')), DEADLINE_MS)
  query.then(resolve, reject)
  return promise.finally(() => clearTimeout(timer))
}

/** Opens a pool of connections, without waiting for the server. */
export function openPostgres(uri: string): Connection {
  const client = postgres(uri, {
    max: 10,
    ssl: tlsOptions(uri),
    connect_timeout: 1,
    // Else it doubles up to 20 s, and so does the time to recover.
    backoff: () => 0.2,
    fetch_types: false,
    onnotice: () => {},
    connection: {
      application_name: 'fastify-minimal-starter',
      statement_timeout: 5000,
      idle_in_transaction_session_timeout: 10_000
    }
  })
  const { unsafe } = client
  const withDeadline = ((...call: Parameters<typeof unsafe>) => {
    const query = unsafe(...call)
    const values = () => inTime(query.values())
    // biome-ignore lint/suspicious/noThenProperty: drizzle awaits a query or its values(), so both keep the deadline
    return { values, then: (...on: Parameters<typeof query.then>) => inTime(query).then(...on) }
  }) as unknown as typeof unsafe
  const { options, begin } = client
  const native = loadPostgres().drizzle({
    client: { options, begin, unsafe: withDeadline } as unknown as typeof client
  })

  const prepareFirst: PrepareFirst = (select, name) => {
    const query = select.prepare(name)
    return async (values) => (await query.execute(values))[0] ?? null
  }

  const lock: Lock = (select) => (select as { for(strength: 'share'): typeof select }).for('share')
  const atomically: Atomically = (guards, changes, options) => {
    const deadline = Date.now() + DEADLINE_MS
    const runAll = async (transaction: unknown) => {
      const tx = transaction as Database
      const rows: unknown[][] = []
      if (options?.alone) someRows(await (transaction as typeof native).execute(TRY_ALONE))
      for (const guard of guards) rows.push(someRows((await guard(tx, lock, rows)) ?? []))
      for (const change of changes) rows.push((await change(tx, lock, rows)) ?? [])
      // Who was told that it took too long must not find it done later.
      if (Date.now() >= deadline) throw new QueryDeadline('The transaction took too long')
      return rows as never
    }
    return inTime(nullIfUndone(() => native.transaction(runAll)))
  }

  return {
    db: native as unknown as Database,
    tables,
    prepareFirst,
    atomically,
    ping: async () => void (await inTime(client.unsafe('select 1'))),
    history: async () => {
      const [journal] = await withDeadline("select to_regclass('drizzle.__drizzle_migrations') is not null as there")
      if (!journal?.['there']) return []
      const rows = await withDeadline('select hash from drizzle.__drizzle_migrations order by created_at')
      return rows.map((row) => row['hash'])
    },
    migrate: (plan) =>
      client.begin(async (tx) => {
        // Waiting for another replica's migration is no slow statement.
        await tx.unsafe('set local statement_timeout = 0')
        await tx.unsafe(`select pg_advisory_xact_lock(${MIGRATION_LOCK})`)
        await tx.unsafe('create schema if not exists drizzle')
        await tx.unsafe(
          'create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)'
        )
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
      }),
    close: () => client.end({ timeout: 2 })
  }
}
