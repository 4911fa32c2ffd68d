import type { FastifyBaseLogger } from 'fastify'
import { detached } from '../time-budget/time-budget.ts'
import { isOutage } from './errors.ts'
import { explain } from './explain.ts'

/** `checking`: a failure cast doubt on a database that was up, and requests go on using it until the check ends. */
type State = 'up' | 'checking' | 'down' | 'stopped'

/** Tracks whether the database is up, logs each change once, and checks again until a lost database is back: soon at first, then less often. */
export function watchAvailability(check: () => Promise<void>, log: FastifyBaseLogger, retryMs = 500) {
  const firstRetryMs = retryMs / 5
  let state: State = 'up'
  let nextRetryMs = firstRetryMs
  let loggedFault: string | null = null
  let lastError: unknown
  let timer: NodeJS.Timeout | undefined

  function markUp() {
    if (state === 'stopped') return
    if (state === 'down')
      log.info({ event: 'dependency_up', dependency: 'database' }, 'the database is available again')
    state = 'up'
    loggedFault = null
    nextRetryMs = firstRetryMs
  }

  function markDown(err: unknown) {
    if (state === 'stopped') return
    // A database that answers but cannot be used, for example with pending migrations, is logged in addition to the outage.
    const fault = isOutage(err) ? null : (err as Error).message
    if (state !== 'down' || (fault !== null && fault !== loggedFault))
      log.error(
        { event: 'dependency_down', dependency: 'database', err },
        ['the database is unavailable', explain(err)].filter(Boolean).join(': ')
      )
    state = 'down'
    lastError = err
    loggedFault = fault
    timer = setTimeout(recheck, nextRetryMs)
    nextRetryMs = Math.min(2 * nextRetryMs, retryMs)
  }

  function recheck() {
    void check().then(markUp, markDown)
  }

  return {
    isUp: () => state !== 'down',
    /** Why the database is down. */
    lastError: () => lastError,
    /** Runs the first check. An outage does not stop the start; any other failure does. */
    async start() {
      await check().then(markUp, (error: unknown) => {
        if (!isOutage(error)) throw error
        markDown(error)
      })
    },
    /** Takes a failed query as a reason to check, not as proof: one slow query is no outage. */
    reportFailure(error: unknown) {
      if (state !== 'up' || !isOutage(error)) return
      state = 'checking'
      detached(recheck)
    },
    stop() {
      state = 'stopped'
      clearTimeout(timer)
    }
  }
}
