import { tracingChannel } from 'node:diagnostics_channel'
import postgres, { type Sql } from 'postgres'
import { DeadlineExceeded, timeLeft } from '../deadline/deadline.ts'
import { loadPostgres } from './drizzle.ts'
import { nullIfUndone, someRows } from './errors.ts'
import { createPool, DEADLINE_MS } from './pool.ts'
import * as tables from './schema.postgres.ts'
import { tlsOptions } from './tls.ts'
import type { Atomically, Connection, Database, Lock, PrepareFirst } from './types.ts'
import { type ServerAddress, Wire } from './wire.ts'

/** Whoever wants to trace them hears of all queries here; it costs nothing where nobody does. */
const queries = tracingChannel('db.query')
/** Any number that no other application on this database uses: "fastify" on a phone's keys. */
const MIGRATION_LOCK = 3_278_439
/** Held until the transaction ends; no row: another process has it. */
const TRY_ALONE = `select 1 from pg_try_advisory_xact_lock(${MIGRATION_LOCK + 1}) as got where got`

/** At most `max` connections of postgres.js, of which each has one life; none is made before it is needed. */
export function connect(uri: string, onLost: () => void, max = 10) {
  const tls = tlsOptions(uri)
  // Its types do not know of it.
  const wire: object = { socket: (address: ServerAddress) => new Wire(address, tls, onLost) }
  return postgres(uri, {
    ...wire,
    max,
    ssl: false,
    connect_timeout: 1,
    // A timer for each connection, which would outlive it.
    max_lifetime: null,
    // Else it doubles up to 20 s, and so does the time to recover.
    backoff: () => 0.2,
    fetch_types: false,
    onnotice: () => {},
    connection: {
      application_name: 'fastify-minimal-starter',
      // Nobody waits for it any longer, and locks of a connection that was lost must not outlive it for long.
      statement_timeout: 1000,
      idle_in_transaction_session_timeout: 2000
    }
  })
}

/** Opens a pool of connections, without waiting for the server. */
export function openPostgres(uri: string, onFault: (error: unknown) => void): Connection {
  const pool = createPool((onLost) => connect(uri, onLost), onFault)
  const { options, ask } = pool
  const unsafe = (...call: Parameters<Sql['unsafe']>) => {
    const run = <T>(query: (sql: Sql) => PromiseLike<T>) => queries.tracePromise(() => ask(query), { text: call[0] })
    const values = () => run((sql) => sql.unsafe(...call).values())
    const then: PromiseLike<unknown>['then'] = (...on) => run((sql) => sql.unsafe(...call)).then(...on)
    return { values, then }
  }
  const native = loadPostgres().drizzle({ client: { options, begin: pool.begin, unsafe } as unknown as Sql })

  const prepareFirst: PrepareFirst = (select, name) => {
    const query = select.prepare(name)
    return async (values) => (await query.execute(values))[0] ?? null
  }

  const lock: Lock = (select) => (select as { for(strength: 'no key update'): typeof select }).for('no key update')
  const atomically: Atomically = (guards, changes, options) => {
    const deadline = Date.now() + timeLeft(DEADLINE_MS)
    const runAll = async (transaction: unknown) => {
      const tx = transaction as Database
      const rows: unknown[][] = []
      if (options?.alone) someRows(await (transaction as typeof native).execute(TRY_ALONE))
      for (const guard of guards) rows.push(someRows((await guard(tx, lock, rows)) ?? []))
      for (const change of changes) rows.push((await change(tx, lock, rows)) ?? [])
      // Who was told that it took too long must not find it done later.
      if (Date.now() >= deadline) throw new DeadlineExceeded(DEADLINE_MS)
      return rows as never
    }
    const run = () => ask(() => nullIfUndone(() => native.transaction(runAll)))
    return queries.tracePromise(run, { text: 'transaction' })
  }

  return {
    db: native as unknown as Database,
    tables,
    prepareFirst,
    atomically,
    ping: async () => void (await ask((sql) => sql.unsafe('select 1'))),
    check: pool.check,
    history: async () => {
      const [journal] = await pool.answer((sql) =>
        sql.unsafe("select to_regclass('drizzle.__drizzle_migrations') is not null as there")
      )
      if (!journal?.['there']) return []
      const rows = await pool.answer((sql) =>
        sql.unsafe('select hash from drizzle.__drizzle_migrations order by created_at')
      )
      return rows.map((row) => row['hash'])
    },
    migrate: (plan) =>
      pool.begin(async (tx) => {
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
    close: pool.close
  }
}
