import { type Blocklist, forgetAt } from './blocklist.ts'

/** In the memory of this process, filled from SQL at startup and by each resync. */
export function createMemoryBlocklist(): Blocklist {
  const entries = new Map<string, number>()
  let isComplete = false

  /** Entries are roughly in the order in which they expire; one behind a longer-lived entry waits for it. */
  function forget(now: number) {
    for (const [sid, end] of entries) {
      if (end > now) return
      entries.delete(sid)
    }
  }

  return {
    has: (sid) => (isComplete ? entries.has(sid) : 'ask-sql'),
    // Adding an entry to memory cannot fail, so there is nothing to prepare.
    prepare: async () => async () => {},
    async add(sessions) {
      const now = Date.now()
      forget(now)
      for (const session of sessions) if (forgetAt(session) > now) entries.set(session.id, forgetAt(session))
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
