import { tracingChannel } from 'node:diagnostics_channel'
import type { Sql } from 'postgres'
import type { Settings } from '../../config/settings.ts'
import { DeadlineExceeded, timeLeft } from '../../time-budget/time-budget.ts'
import { parseAddress } from '../address.ts'
import { loadPostgres } from '../drizzle.ts'
import { isLostToPooler, TransactionPooler } from '../errors.ts'
import { nullIfRolledBack, requireRows } from '../rollback.ts'
import type { Connection, Database, PrepareOne, RunTransaction, Step, Transaction } from '../types.ts'
import { type ConnectOptions, connect, FOR_TRANSACTION } from './connect.ts'
import { dialect } from './dialect.ts'
import { createJournal, MIGRATION_LOCK } from './journal.ts'
import { createPool, DEADLINE_MS } from './pool.ts'
import { isTransactionPooler } from './pooler.ts'

/** Whoever wants to trace them hears of all queries here; it costs nothing where nobody does. */
const queries = tracingChannel('db.query')
/** Held until the transaction ends; no row: another process has it. */
const TRY_LOCK = `select 1 from pg_try_advisory_xact_lock(${MIGRATION_LOCK + 1}) as got where got`

/** What the work gives; who was told that it took too long must not find it done later. */
async function before<T>(deadline: number, work: PromiseLike<T>) {
  const result = await work
  if (Date.now() >= deadline) throw new DeadlineExceeded(DEADLINE_MS)
  return result
}

/** Opens a pool of connections, without waiting for the server. */
export function openPostgres(
  uri: string,
  onFault: (error: unknown) => void,
  { DB_POOLER = 'none', DB_POOL_MAX = 10 }: Partial<Settings>
): Connection {
  const isPooled = DB_POOLER === 'transaction' || parseAddress(uri).isPooled
  const connectBy = (onLost: () => void, given?: Partial<ConnectOptions>) =>
    connect(uri, onLost, { max: DB_POOL_MAX, isPooled, ...given })
  /** Whether a transaction pooler that nobody told of may be there. */
  let isInDoubt = !isPooled
  const noteFault = (error: unknown) => {
    isInDoubt ||= !isPooled && isLostToPooler(error)
    onFault(error)
  }
  const pool = createPool(connectBy, noteFault, isPooled ? FOR_TRANSACTION : '')
  const { options, ask } = pool
  // Without a session of its own a statement has its timeout from a transaction of its own.
  const askOnce: typeof ask = isPooled
    ? (query) => {
        const deadline = Date.now() + timeLeft(DEADLINE_MS)
        return ask(() => pool.begin((transaction) => before(deadline, query(transaction as unknown as Sql))))
      }
    : ask
  const unsafe = (...call: Parameters<Sql['unsafe']>) => {
    const run = <T>(query: (sql: Sql) => PromiseLike<T>) =>
      queries.tracePromise(() => askOnce(query), { text: call[0] })
    const values = () => run((sql) => sql.unsafe(...call).values())
    const then: PromiseLike<unknown>['then'] = (...on) => run((sql) => sql.unsafe(...call)).then(...on)
    return { values, then }
  }
  const native = loadPostgres().drizzle({ client: { options, begin: pool.begin, unsafe } as unknown as Sql })

  const prepareOne: PrepareOne = (select, name) => {
    const query = select.prepare(name)
    return async (values) => (await query.execute(values))[0] ?? null
  }

  const lock = <Query>(select: Query) => (select as { for(strength: 'no key update'): Query }).for('no key update')
  const transaction: RunTransaction = ({ preconditions = {}, steps = {}, skipIfLocked }) => {
    const deadline = Date.now() + timeLeft(DEADLINE_MS)
    const runAll = async (begun: object) => {
      const tx = Object.assign(begun, { lock }) as unknown as Transaction
      const done: Record<string, unknown[]> = {}
      if (skipIfLocked) requireRows(await (begun as typeof native).execute(TRY_LOCK))
      for (const [name, step] of Object.entries<Step<unknown>>(preconditions))
        done[name] = requireRows((await step(tx, done)) ?? [])
      for (const [name, step] of Object.entries<Step<unknown>>(steps)) done[name] = (await step(tx, done)) ?? []
      return done as never
    }
    const run = () => ask(() => nullIfRolledBack(() => native.transaction((begun) => before(deadline, runAll(begun)))))
    return queries.tracePromise(run, { text: 'transaction' })
  }

  /** Before the pool has set anything for a session that another client may be given. */
  async function refuseTransactionPooler() {
    if (!isInDoubt) return
    const open = () => connectBy(() => {}, { max: 1, isBare: true })
    const found = await isTransactionPooler(open).catch(() => null)
    if (found) throw new TransactionPooler()
    isInDoubt = found === null
  }

  return {
    db: native as unknown as Database,
    dialect,
    prepareOne,
    transaction,
    ping: async () => void (await ask((sql) => sql.unsafe('select 1'))),
    check: async () => {
      await refuseTransactionPooler()
      return pool.check()
    },
    ...createJournal(pool),
    close: pool.close
  }
}
