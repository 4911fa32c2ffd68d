import { type Blocklist, forgetAt } from './blocklist.ts'

/** In this process; filled from SQL at start and kept in step with it. */
export function createMemoryBlocklist(): Blocklist {
  const entries = new Map<string, number>()
  let isComplete = false

  /** Entries come about in the order of their end: what comes after a longer one goes with it. */
  function forget(now: number) {
    for (const [sid, end] of entries) {
      if (end > now) return
      entries.delete(sid)
    }
  }

  return {
    has: (sid) => (isComplete ? entries.has(sid) : 'ask-sql'),
    // Nothing can keep it from adding an entry.
    prepare: async () => async () => {},
    async add(sessions) {
      const now = Date.now()
      forget(now)
      for (const login of sessions) if (forgetAt(login) > now) entries.set(login.id, forgetAt(login))
    },
    begin: async () => async () => {
      isComplete = true
    },
    size() {
      forget(Date.now())
      return entries.size
    }
  }
}
