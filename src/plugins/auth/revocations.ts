import type { Login } from '../db/types.ts'
import type { Logins } from './logins.ts'

/** A part that lets logins in without asking SQL, and so has to hear of each that is revoked. */
export type RevocationListener = {
  /** For how long after a revocation what the login carried could still be taken for good. */
  windowMs: number
  /** Stores revocations, old ones again too. Awaited: what could not be stored was not revoked. */
  add(logins: Login[]): Promise<void>
  /** Called when it was told of all revocations of its window. */
  complete(): Promise<void>
}

export type Revocations = ReturnType<typeof createRevocations>

const BATCH = 1000
/** No login that was revoked just then comes after it. */
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
/** Clocks of replicas differ, and a transaction commits later than its time says. */
const OVERLAP_MS = 10_000

/** Ends logins: SQL first, which is the record, then everybody who has to know. */
export function createRevocations(logins: Logins) {
  const listeners: RevocationListener[] = []
  let toldUntil: Date | null = null

  async function tell(found: Login[]) {
    for (const listener of listeners) await listener.add(found)
  }

  /** Tells the listeners what SQL knows since then. */
  async function replaySince(since: Date) {
    // Many may have been revoked at the same moment: the id tells where a batch ended.
    let last: Pick<Login, 'revokedAt' | 'id'> | undefined = { revokedAt: since, id: LAST_ID }
    while (last?.revokedAt) {
      const found: Login[] = await logins.revokedSince(last.revokedAt, last.id, BATCH)
      await tell(found)
      last = found.length === BATCH ? found.at(-1) : undefined
    }
  }

  return {
    onRevoked: (listener: RevocationListener) => void listeners.push(listener),
    /** Revokes a login; null where there is none. Throws where SQL or a listener did not take it: repeat it, then. */
    async revoke(sid: string, reason: Login['revokedReason'], now: Date) {
      const login = await logins.markRevoked(sid, reason, now)
      if (login === null) return null
      try {
        await tell([login])
      } catch (error) {
        await logins.setPending(sid, true)
        throw error
      }
      if (login.revocationPending) await logins.setPending(sid, false)
      return login
    },
    /** Tells the listeners all that they could have missed: at start, and when a store that was lost is back. */
    async replayAll(now: Date) {
      const window = Math.max(0, ...listeners.map((listener) => listener.windowMs))
      await replaySince(new Date(now.getTime() - window - OVERLAP_MS))
      for (const listener of listeners) await listener.complete()
      toldUntil = now
    },
    /** Tells the listeners what other processes revoked since the last time; everything, if there was none. */
    async replayRecent(now: Date) {
      if (toldUntil === null) return this.replayAll(now)
      await replaySince(new Date(toldUntil.getTime() - OVERLAP_MS))
      toldUntil = now
    }
  }
}
