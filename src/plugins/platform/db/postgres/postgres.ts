import { tracingChannel } from 'node:diagnostics_channel'
import type { Sql } from 'postgres'
import { OperatorError } from '../../config/operator-error.ts'
import type { Settings } from '../../config/settings.ts'
import { DeadlineExceeded, timeLeft } from '../../time-budget/time-budget.ts'
import { parseAddress } from '../address.ts'
import { loadPostgres } from '../drizzle.ts'
import { hasCode } from '../errors.ts'
import { createCommitHooks, nullIfRolledBack, requireRows } from '../rollback.ts'
import type { Connection, Database, PrepareOne, RunTransaction, Step, Transaction } from '../types.ts'
import { describeClock } from './clock.ts'
import { type ConnectOptions, connect, FOR_TRANSACTION } from './connect.ts'
import { dialect } from './dialect.ts'
import { createJournal, MIGRATION_LOCK } from './journal.ts'
import { createPool, DEADLINE_MS } from './pool.ts'
import { isTransactionPooler } from './pooler.ts'

/** Publishes each query for tracing; free without subscribers. */
const queries = tracingChannel('db.query')
/** Takes a lock until the transaction ends; returns no row if another process has it. */
const TRY_LOCK = `select 1 from pg_try_advisory_xact_lock(${MIGRATION_LOCK + 1}) as got where got`

/** The result of the work, unless the deadline has passed: a request that timed out must not find it committed later. */
async function before<T>(deadline: number, work: PromiseLike<T>) {
  const result = await work
  if (Date.now() >= deadline) throw new DeadlineExceeded(DEADLINE_MS)
  return result
}

/** Opens a pool of connections, without waiting for the server. */
export function openPostgres(
  uri: string,
  onFailure: (error: unknown) => void,
  { DB_POOLER = 'none', DB_POOL_MAX = 10 }: Partial<Settings>
): Connection {
  const isPooled = DB_POOLER === 'transaction' || parseAddress(uri).isPooled
  const connectBy = (onLost: () => void, given?: Partial<ConnectOptions>) =>
    connect(uri, onLost, { max: DB_POOL_MAX, isPooled, ...given })
  /** Whether there may be a transaction pooler that no setting names: at first, and after failures that only such a pooler causes. */
  let isPoolerSuspected = !isPooled
  const reportFailure = (error: unknown) => {
    isPoolerSuspected ||= !isPooled && hasCode(error, /^(26000|42P05|NOT_COMMITTED)$/)
    onFailure(error)
  }
  const pool = createPool(connectBy, reportFailure, isPooled ? FOR_TRANSACTION : '')
  const { options, query } = pool
  // Without a session, timeouts are set per transaction, so each statement runs in one.
  const queryOnce: typeof query = isPooled
    ? (run) => {
        const deadline = Date.now() + timeLeft(DEADLINE_MS)
        return query(() => pool.begin((transaction) => before(deadline, run(transaction as unknown as Sql))))
      }
    : query
  const unsafe = (...call: Parameters<Sql['unsafe']>) => {
    const run = <T>(work: (sql: Sql) => PromiseLike<T>) =>
      queries.tracePromise(() => queryOnce(work), { text: call[0] })
    const values = () => run((sql) => sql.unsafe(...call).values())
    const then: PromiseLike<unknown>['then'] = (...on) => run((sql) => sql.unsafe(...call)).then(...on)
    return { values, then }
  }
  const native = loadPostgres().drizzle({ client: { options, begin: pool.begin, unsafe } as unknown as Sql })

  const prepareOne: PrepareOne = (select, name) => {
    const prepared = select.prepare(name)
    return async (values) => (await prepared.execute(values))[0] ?? null
  }

  const lock = <Query>(select: Query) => (select as { for(strength: 'no key update'): Query }).for('no key update')
  const transaction: RunTransaction = ({ preconditions = {}, steps = {}, skipIfLocked }) => {
    const deadline = Date.now() + timeLeft(DEADLINE_MS)
    const hooks = createCommitHooks()
    const runAll = async (begun: object) => {
      const tx = Object.assign(begun, { lock, onCommit: hooks.begin() }) as unknown as Transaction
      const done: Record<string, unknown[]> = {}
      if (skipIfLocked) requireRows(await (begun as typeof native).execute(TRY_LOCK))
      for (const [name, step] of Object.entries<Step<unknown>>(preconditions))
        done[name] = requireRows((await step(tx, done)) ?? [])
      for (const [name, step] of Object.entries<Step<unknown>>(steps)) done[name] = (await step(tx, done)) ?? []
      return done as never
    }
    const run = () =>
      query(() => nullIfRolledBack(() => native.transaction((begun) => before(deadline, runAll(begun)))))
    return hooks.runAfter(queries.tracePromise(run, { text: 'transaction' }))
  }

  /** Runs before the pool sets anything for a session that a pooler may give to another client. */
  async function refuseTransactionPooler() {
    if (!isPoolerSuspected) return
    const open = () => connectBy(() => {}, { max: 1, isBare: true })
    const found = await isTransactionPooler(open).catch(() => null)
    if (found)
      throw new OperatorError(
        'DB_URI leads to a pooler in transaction mode: set DB_POOLER=transaction, or use its session mode'
      )
    isPoolerSuspected = found === null
  }

  const db = native as unknown as Database
  let isClockCompared = false
  return {
    db,
    dialect,
    prepareOne,
    transaction,
    write: async (change) => change,
    ping: async () => void (await query((sql) => sql.unsafe('select 1'))),
    check: async () => {
      await refuseTransactionPooler()
      const isReplaced = await pool.check()
      const clock = isClockCompared ? null : await describeClock(db)
      isClockCompared = true
      const replaced = isReplaced ? 'replaced connections to the database that no longer answered' : null
      return [replaced, clock].filter((warning) => warning !== null)
    },
    ...createJournal(pool),
    close: pool.close
  }
}
