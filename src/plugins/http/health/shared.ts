import { detached } from '../../platform/time-budget/time-budget.ts'

/**
 * Shares one run of `check` among all who call at once and for `keptMs` after it: whoever calls often costs no more than whoever
 * calls now and then. `check` never rejects.
 */
export function shareCheck<T>(check: () => Promise<T>, keptMs: number) {
  let latest: Promise<T> | null = null

  async function run() {
    const result = await check()
    setTimeout(() => {
      latest = null
    }, keptMs).unref()
    return result
  }

  return () => {
    // It belongs to no request: none has used up the time of the others.
    latest ??= detached(run)
    return latest
  }
}
