import type { Session } from './contract.ts'
import { delays } from './delays.ts'
import type { Store } from './store.ts'

/** `session`: undefined while it loads, null if nobody is logged in. `error`: why the last check failed. */
export type SessionState = { session?: Session | null | undefined; error?: unknown }

/** A session can end without a message, such as while a laptop sleeps. */
const EVENTS = ['focus', 'online']

/** Reports the session now, after each change, and when the page gets the focus or the connection back. Returns what stops it. */
export function watchSession(
  store: Store,
  check: () => Promise<Session | null>,
  listener: (state: SessionState) => void
) {
  let state: SessionState = {}
  let isStopped = false
  let latest = 0
  let recheck: ReturnType<typeof setTimeout> | undefined

  function report(next: SessionState) {
    state = { ...state, ...next }
    if (!isStopped) listener(state)
  }
  async function update() {
    clearTimeout(recheck)
    const current = ++latest
    const outcome = await check().then(
      (session) => ({ session, error: undefined }),
      (error: unknown) => ({ error })
    )
    // Replies can arrive out of order.
    if (current !== latest || isStopped) return
    if (outcome.error !== undefined) recheck = setTimeout(update, delays.recheckMs)
    report(outcome)
  }
  /** Takes the data of the previous user off the screen immediately. */
  function onChange(isLoggedIn: boolean) {
    report({ session: isLoggedIn ? undefined : null })
    void update()
  }
  store.listeners.add(onChange)
  store.renewals.add(update)
  for (const event of EVENTS) globalThis.addEventListener?.(event, update)
  void update()
  return () => {
    isStopped = true
    clearTimeout(recheck)
    store.listeners.delete(onChange)
    store.renewals.delete(update)
    for (const event of EVENTS) globalThis.removeEventListener?.(event, update)
  }
}
