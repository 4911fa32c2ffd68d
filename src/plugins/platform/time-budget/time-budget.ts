import { AsyncLocalStorage } from 'node:async_hooks'

/** How long a request may wait for SQL, Redis, and the hash queue in total, in ms. With its own work it is answered within 1.5 s. */
const REQUEST_MS = 1000

/**
 * How long a request may wait in total, and has waited. The clock runs while at least one wait is open: overlapping waits count
 * once, and what the request does between waits does not count. `since` is when the first open wait began.
 */
export type Budget = { limitMs: number; spentMs: number; open: number; since: number }

const current = new AsyncLocalStorage<Budget>()

/** The work took longer than `afterMs`. It may still finish. */
export class DeadlineExceeded extends Error {
  readonly code = 'DEADLINE_EXCEEDED'
  override name = 'DeadlineExceeded'
  readonly afterMs: number

  constructor(afterMs: number) {
    super('Timed out waiting for a reply')
    this.afterMs = afterMs
  }
}

export const createBudget = (limitMs = REQUEST_MS): Budget => ({ limitMs, spentMs: 0, open: 0, since: 0 })

/** Runs the work of a request: all of its waits draw on the budget. */
export function withBudget(timeBudget: Budget, work: () => void) {
  current.run(timeBudget, work)
}

/** Runs work that is independent of the request that happens to start it. */
export function detached<T>(work: () => T): T {
  return current.exit(work)
}

/** How long a wait may take: `limitMs`, or what the request has left if that is less. */
export function timeLeft(limitMs: number) {
  const timeBudget = current.getStore()
  if (timeBudget === undefined) return limitMs
  const openMs = timeBudget.open > 0 ? performance.now() - timeBudget.since : 0
  return Math.min(limitMs, Math.floor(timeBudget.limitMs - timeBudget.spentMs - openMs))
}

/** Counts the time until the work settles as waiting. */
export async function countWait<T>(work: () => PromiseLike<T>): Promise<T> {
  const timeBudget = current.getStore()
  if (timeBudget === undefined) return work()
  if (timeBudget.open++ === 0) timeBudget.since = performance.now()
  try {
    return await work()
  } finally {
    if (--timeBudget.open === 0) timeBudget.spentMs += performance.now() - timeBudget.since
  }
}

/** The result of the work, or DeadlineExceeded after `limitMs`. Without time left the work is not started. */
export async function withTimeout<T>(limitMs: number, work: () => PromiseLike<T>): Promise<T> {
  const ms = timeLeft(limitMs)
  // Timers fire up to a millisecond early, and must not seem to leave one.
  if (ms <= 1) throw new DeadlineExceeded(0)
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const timer = setTimeout(() => reject(new DeadlineExceeded(ms)), ms)
  try {
    return await countWait(() => {
      work().then(resolve, reject)
      return promise
    })
  } finally {
    clearTimeout(timer)
  }
}
