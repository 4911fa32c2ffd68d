import { delays } from './delays.ts'
import { ApiError } from './errors.ts'
import { pause } from './retry.ts'

/** Thrown by work that knows how long to wait before it is repeated, in ms. Null: it must not be. */
export class TryAgain extends Error {
  declare readonly afterMs: number | null
  constructor(afterMs: number | null) {
    super('Try again')
    this.afterMs = afterMs
  }
}

/** These pass; any other error of a request stays as it is. */
const TEMPORARY = [401, 408, 429]
const isFinal = ({ status }: ApiError) => status >= 400 && status < 500 && !TEMPORARY.includes(status)

/** How long to wait: a random part of a window that doubles, so that clients do not return all at once. Null: give up. */
function waitAfter(error: unknown, failures: number) {
  if (error instanceof TryAgain) return error.afterMs
  if (error instanceof ApiError && isFinal(error)) return null
  const jitter = Math.random() * Math.min(delays.maxBackoffMs, delays.backoffMs * 2 ** failures)
  return error instanceof ApiError ? Math.max(jitter, error.retryAfterMs ?? 0) : jitter
}

/** Ends early if the device goes online. */
function rest(ms: number, signal: AbortSignal) {
  const ending = new AbortController()
  const end = () => ending.abort()
  globalThis.addEventListener?.('online', end, { signal: ending.signal })
  signal.addEventListener('abort', end, { signal: ending.signal })
  return pause(ms, ending.signal).finally(end)
}

/**
 * Repeats `work` until it succeeds, and waits longer after each failure in a row; `isWorking` ends the row. Returns undefined if it
 * gives up, or once `signal` aborts.
 */
export async function keepTrying<Result>(
  work: (isWorking: () => void) => Promise<Result>,
  signal: AbortSignal
): Promise<Result | undefined> {
  let failures = 0
  const isWorking = () => {
    failures = 0
  }
  while (!signal.aborted) {
    try {
      return await work(isWorking)
    } catch (error) {
      const ms = waitAfter(error, failures++)
      if (ms === null || signal.aborted) return undefined
      await rest(ms, signal)
    }
  }
  return undefined
}
