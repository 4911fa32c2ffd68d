import { AsyncLocalStorage } from 'node:async_hooks'

/** What a request may wait for SQL, Redis and the hash queue in all, in ms: with its own work it is answered within 1.5 s. */
const REQUEST_MS = 1000

/**
 * What a request may wait in all, and has waited. Its clock runs while at least one wait is open: waits that overlap count
 * once, and what the request does between them does not count. `since`: when the first of the open ones began.
 */
export type Budget = { limitMs: number; spentMs: number; open: number; since: number }

const current = new AsyncLocalStorage<Budget>()

/** It took longer than `afterMs`; it may be done all the same. */
export class DeadlineExceeded extends Error {
  readonly code = 'DEADLINE_EXCEEDED'
  override name = 'DeadlineExceeded'
  readonly afterMs: number

  constructor(afterMs: number) {
    super('There was no answer in time')
    this.afterMs = afterMs
  }
}

export const createBudget = (limitMs = REQUEST_MS): Budget => ({ limitMs, spentMs: 0, open: 0, since: 0 })

/** Runs what a request does: its waits count together. */
export function withBudget(timeBudget: Budget, work: () => void) {
  current.run(timeBudget, work)
}

/** Runs what does not belong to the request that happens to begin it. */
export function detached<T>(work: () => T): T {
  return current.exit(work)
}

/** How long this may wait: `limitMs`, or what the request has left. */
export function timeLeft(limitMs: number) {
  const timeBudget = current.getStore()
  if (timeBudget === undefined) return limitMs
  const openMs = timeBudget.open > 0 ? performance.now() - timeBudget.since : 0
  return Math.min(limitMs, Math.floor(timeBudget.limitMs - timeBudget.spentMs - openMs))
}

/** Runs the clock of the request while it waits for what the work gives. */
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

/** What the work gives, or DeadlineExceeded after `limitMs`; at once where the request has no time left. */
export async function withTimeout<T>(limitMs: number, work: () => PromiseLike<T>): Promise<T> {
  const ms = timeLeft(limitMs)
  // Timers come up to a millisecond early, and what ran out must not seem to have one left.
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
