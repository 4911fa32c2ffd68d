import type { RevocationListener } from './resync.ts'
import type { RevokedSession } from './sessions.ts'

/** Tells all listeners of revocations, one after the other. */
export function createNotifier(listeners: RevocationListener[]) {
  return {
    /** Throws where a listener did not take it. */
    async tell(found: RevokedSession[]) {
      if (found.length === 0) return
      for (const listener of listeners) await listener.add(found)
    },
    /** Lets SQL be asked about these; gives what takes that back. Throws where a listener did not take it. */
    async prepare(affected: RevokedSession[]) {
      const cancels: (() => Promise<void>)[] = []
      const cancel = async () => void (await Promise.allSettled(cancels.map((each) => each())))
      try {
        for (const listener of listeners) cancels.push(await listener.prepare(affected))
        return cancel
      } catch (error) {
        await cancel()
        throw error
      }
    }
  }
}
