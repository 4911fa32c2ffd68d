import { detached } from '../../platform/time-budget/time-budget.ts'

/**
 * Shares one run of `check` among all callers at the same time and for `keptMs` afterwards, so that frequent probes cost no
 * more than rare ones. `check` must not reject.
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
    // Detached from the time budget of the request that happens to start it.
    latest ??= detached(run)
    return latest
  }
}
