import type { RevokedSession } from './sessions.ts'

/** Accepts sessions without asking SQL, and so has to learn of each revocation. */
export type RevocationListener = {
  /** How long after a revocation the credential could still be accepted, in ms. */
  windowMs(): Promise<number>
  /**
   * Asks SQL about these sessions, until the returned function is called or until the next resync is certainly over. Rejects if it
   * cannot store that.
   */
  prepare(sessions: RevokedSession[]): Promise<() => Promise<void>>
  /** Stores revocations, also ones that it has already. Rejects if it cannot store them. */
  add(sessions: RevokedSession[]): Promise<void>
  /** Called before a full resync; the returned function is called after it. */
  begin(): Promise<() => Promise<void>>
  /** How many revocations it holds, if it can tell. */
  size?(): Promise<number>
}

/** Tells the listeners of revocations. */
export function createNotifier(listeners: RevocationListener[]) {
  return {
    /** Tells all of them, also if one fails, and then rejects. */
    async notify(revoked: RevokedSession[]) {
      if (revoked.length === 0) return
      const told = await Promise.allSettled(listeners.map(async (listener) => listener.add(revoked)))
      for (const result of told) if (result.status === 'rejected') throw result.reason
    },
    /** Makes the listeners ask SQL about these sessions. Returns a function that takes it back. */
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
