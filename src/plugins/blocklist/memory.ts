import { type Blocklist, forgetAt } from './blocklist.ts'

/** In this process; filled from SQL at start and kept in step with it. */
export function createMemoryBlocklist(windowMs: number): Blocklist {
  const entries = new Map<string, number>()
  let isComplete = false

  /** Entries come in the order of their revocation, so those to forget are the first. */
  function forget(now: number) {
    for (const [sid, end] of entries) {
      if (end > now) return
      entries.delete(sid)
    }
  }

  return {
    has: (sid) => (isComplete ? entries.has(sid) : null),
    check: async () => {},
    async add(logins) {
      const now = Date.now()
      forget(now)
      for (const login of logins) if (forgetAt(login, windowMs) > now) entries.set(login.id, forgetAt(login, windowMs))
    },
    async complete() {
      isComplete = true
    },
    size() {
      forget(Date.now())
      return entries.size
    }
  }
}
