import { AsyncLocalStorage } from 'node:async_hooks'

/** What a request may wait for others in all, in ms: with its own work it is answered within 1.5 s. */
const REQUEST_MS = 1000
/** Many quick answers are no waiting: what takes no longer than this does not count. */
const FREE_MS = 20

/** How long a request may still wait, in ms. */
export type Patience = { leftMs: number }

const current = new AsyncLocalStorage<Patience>()

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

export const newPatience = (): Patience => ({ leftMs: REQUEST_MS })

/** Runs what a request does: its waits count together. */
export function withPatience(patience: Patience, work: () => void) {
  current.run(patience, work)
}

/** Runs what does not belong to the request that happens to begin it. */
export function inBackground<T>(work: () => T): T {
  return current.exit(work)
}

/** How long this may wait: `limitMs`, or what the request has left. */
export function timeLeft(limitMs: number) {
  return Math.min(limitMs, current.getStore()?.leftMs ?? limitMs)
}

/** Counts what this request has waited since then (`performance.now()`). */
export function countWait(since: number) {
  const patience = current.getStore()
  // Timers come up to a millisecond early, and what ran out must not seem to have one left.
  const ms = Math.ceil(performance.now() - since)
  if (patience && ms > FREE_MS) patience.leftMs -= ms
}

/** What the work gives, or DeadlineExceeded after `limitMs`; at once where the request has no time left. */
export async function inTime<T>(limitMs: number, work: () => PromiseLike<T>): Promise<T> {
  const ms = timeLeft(limitMs)
  if (ms < 1) throw new DeadlineExceeded(0)
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const since = performance.now()
  const timer = setTimeout(() => reject(new DeadlineExceeded(ms)), ms)
  work().then(resolve, reject)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    countWait(since)
  }
}
