import { setImmediate as yieldToOthers } from 'node:timers/promises'
import type { RevokedSession, Sessions } from './sessions.ts'

/** A part that lets logins in without asking SQL, and so has to hear of each that is revoked. */
export type RevocationListener = {
  /** For how long after a revocation what the login carried could still be taken for good. */
  windowMs(): Promise<number>
  /**
   * From now on asks SQL about these, for longer than it takes until SQL is read again, or until the function that it gives.
   * Rejects where it could not store that.
   */
  prepare(sessions: RevokedSession[]): Promise<() => Promise<void>>
  /** Stores revocations, old ones again too. Awaited: what could not be stored was not revoked. */
  add(sessions: RevokedSession[]): Promise<void>
  /** Called before it is told of all revocations of its window; the function that it gives, after it. */
  begin(): Promise<() => Promise<void>>
  /** How many revocations it remembers, where it can say. */
  size?(): Promise<number>
}
export type Resync = ReturnType<typeof createResync>

const BATCH = 1000
/** No login that was revoked just then comes after it. */
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
/** Clocks of replicas differ, and a transaction commits later than its time says. */
export const OVERLAP_MS = 10_000

/** Tells the listeners what SQL knows of revocations: what another process did, or what they lost. */
export function createResync(sessions: Sessions, listeners: RevocationListener[]) {
  let toldUntil: Date | null = null
  /** Those that the next overlap brings again, and when they were revoked, in ms. */
  const told = new Map<string, number>()
  let working: Promise<void> = Promise.resolve()
  let isStopped = false

  const windowMs = async () => Math.max(0, ...(await Promise.all(listeners.map((listener) => listener.windowMs()))))

  /** Tells what SQL knows of revocations since then and a little before, oldest first. */
  async function tellSince(since: Date, now: Date, isNew: (login: RevokedSession) => boolean) {
    const cutoff = now.getTime() - 2 * OVERLAP_MS
    // Many may have been revoked at the same moment: the id tells where a batch ended.
    const start = new Date(since.getTime() - OVERLAP_MS)
    let last: Pick<RevokedSession, 'revokedAt' | 'id'> | undefined = { revokedAt: start, id: LAST_ID }
    while (last?.revokedAt) {
      if (isStopped) throw new Error('The service stops')
      const found = await sessions.revokedSince(last.revokedAt, last.id, BATCH)
      const fresh = found.filter(isNew)
      for (const listener of listeners) await listener.add(fresh)
      const times = fresh.map(({ id, revokedAt }): [string, number] => [id, revokedAt?.getTime() ?? 0])
      for (const [id, ms] of times) if (ms > cutoff) told.set(id, ms)
      last = found.length === BATCH ? found.at(-1) : undefined
      // SQLite answers without a pause, and a million of them would let nobody else work.
      await yieldToOthers()
    }
    // The oldest come first: a million of them are not looked at each time.
    for (const [id, ms] of told) {
      if (ms > cutoff) break
      told.delete(id)
    }
  }

  async function tellAll(now: Date) {
    const completions = []
    for (const listener of listeners) completions.push(await listener.begin())
    await tellSince(new Date(now.getTime() - (await windowMs())), now, () => true)
    for (const complete of completions) await complete()
    toldUntil = now
  }

  async function tellRecent(now: Date) {
    if (toldUntil === null) return tellAll(now)
    await tellSince(toldUntil, now, ({ id }) => !told.has(id))
    toldUntil = now
  }

  /** One after the other: a slow one never overlaps the next. */
  function inTurn(work: () => Promise<void>) {
    const done = working.then(work)
    working = done.catch(() => {})
    return done
  }

  return {
    /** Everything that the listeners could have missed: at start, and when a store that was lost is back. */
    resyncAll: (now: Date) => inTurn(() => tellAll(now)),
    /** What other processes revoked since the last time; everything, if there was none. */
    resyncRecent: (now: Date) => inTurn(() => tellRecent(now)),
    /** Gives up what is under way. */
    stop() {
      isStopped = true
    },
    /** For how long after its revocation the row of a login must stay, in ms: somebody may still have to be told. */
    windowMs,
    /** How many revocations the listeners remember, those that can say. */
    async size() {
      const sizes = await Promise.all(listeners.map((listener) => listener.size?.() ?? 0))
      return sizes.reduce((sum, size) => sum + size, 0)
    }
  }
}
