import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { resyncOnRecovery } from './redis.ts'
import type { RevocationListener } from './revocation-listeners.ts'
import type { RevokedSession, Sessions } from './sessions.ts'

export type Resync = ReturnType<typeof createResync>

const BATCH = 1000
/** Sorts after every session that was revoked at the same moment. */
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
/** Clocks of replicas differ, and a transaction commits later than its timestamp. Each resync goes back this far. */
export const OVERLAP_MS = 10_000
/** A revocation by another replica is known here within a second. */
const EVERY_MS = 500
/** How long startup waits for the first resync, in ms. Until it is done, SQL answers. */
const START_WAIT_MS = 200

/** Rereads revocations from SQL and passes them to the listeners: those of other replicas, and those that a listener lost. */
export function createResync(sessions: Sessions, listeners: RevocationListener[]) {
  /** Null before the first full resync. */
  let syncedUntil: Date | null = null
  /** Sessions that the next overlap will return again, with the time of their revocation in ms, oldest first. */
  const synced = new Map<string, number>()
  let running: Promise<void> = Promise.resolve()
  const stopping = new AbortController()

  const windowMs = async () => Math.max(0, ...(await Promise.all(listeners.map((listener) => listener.windowMs()))))

  /** Notifies of the revocations since shortly before `since`, oldest first. */
  async function syncSince(since: Date, now: Date, isNew: (session: RevokedSession) => boolean) {
    const cutoff = now.getTime() - 2 * OVERLAP_MS
    const start = new Date(since.getTime() - OVERLAP_MS)
    // Many may have been revoked at the same moment, so a page starts after a time and an id.
    let last: Pick<RevokedSession, 'revokedAt' | 'id'> | undefined = { revokedAt: start, id: LAST_ID }
    while (last?.revokedAt) {
      stopping.signal.throwIfAborted()
      const found = await sessions.revokedSince(last.revokedAt, last.id, BATCH)
      const fresh = found.filter(isNew)
      for (const listener of listeners) await listener.add(fresh)
      for (const { id, revokedAt } of fresh) {
        const ms = revokedAt?.getTime() ?? 0
        if (ms > cutoff) synced.set(id, ms)
      }
      last = found.length === BATCH ? found.at(-1) : undefined
      // SQLite answers synchronously; let others run.
      await nextTurn()
    }
    for (const [id, ms] of synced) {
      if (ms > cutoff) break
      synced.delete(id)
    }
  }

  async function syncAll(now: Date) {
    const completions = []
    for (const listener of listeners) completions.push(await listener.begin())
    await syncSince(new Date(now.getTime() - (await windowMs())), now, () => true)
    for (const markComplete of completions) await markComplete()
    syncedUntil = now
  }

  async function syncRecent(now: Date) {
    if (syncedUntil === null) return syncAll(now)
    await syncSince(syncedUntil, now, ({ id }) => !synced.has(id))
    syncedUntil = now
  }

  /** Runs one resync at a time. */
  function inTurn(work: () => Promise<void>) {
    const done = running.then(work)
    running = done.catch(() => {})
    return done
  }

  return {
    /** Passes on all revocations that a listener may need: at startup, and when it has lost its data. */
    resyncAll: (now: Date) => inTurn(() => syncAll(now)),
    /** Passes on the revocations since the last resync. */
    resyncRecent: (now: Date) => inTurn(() => syncRecent(now)),
    stop: () => stopping.abort(new Error('The service is stopping')),
    /** How long after its revocation the row of a session is needed, in ms. */
    windowMs,
    /** How many revocations the listeners hold, as far as they can tell. */
    async size() {
      const sizes = await Promise.all(listeners.map((listener) => listener.size?.() ?? 0))
      return sizes.reduce((sum, size) => sum + size, 0)
    }
  }
}

/** Resyncs at startup, every 500 ms, and when a server that held revocations is back, so that nothing revives a session. */
export function resyncRegularly(app: FastifyInstance) {
  const { revocations, log } = app
  let running: Promise<void> | null = null
  let timer: NodeJS.Timeout | undefined

  function resync() {
    running ??= revocations
      .resyncRecent(new Date())
      .catch((err: unknown) => log.debug({ err }, 'could not reread revocations; trying again'))
      .finally(() => {
        running = null
      })
    return running
  }

  resyncOnRecovery(app)
  app.addHook('onReady', async () => {
    await Promise.race([resync(), sleep(START_WAIT_MS, undefined, { ref: false })])
    timer = setInterval(() => void resync(), EVERY_MS)
  })
  app.addHook('onClose', async () => {
    clearInterval(timer)
    revocations.stop()
    await running
  })
}
