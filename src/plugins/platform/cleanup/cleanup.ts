import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { isUnavailable } from '../db/errors.ts'

/** Deletes a bounded number of rows that have expired by `now`. Returns whether there may be more. */
type CleanupBatch = (now: Date) => Promise<boolean>
export type Cleanup = ReturnType<typeof createCleanup>

const ROUND_MS = 60_000
/** The pause after a batch is this many times as long as the batch took, so that requests have most of the time. */
const PAUSE_FACTOR = 4

/** Once a minute, runs each added batch repeatedly until it has nothing left to delete. */
export function createCleanup(log: FastifyBaseLogger, roundMs = ROUND_MS) {
  const batches: CleanupBatch[] = []
  const stopping = new AbortController()
  const { signal } = stopping
  let running: Promise<void> | undefined

  async function deleteAll(batch: CleanupBatch) {
    for (let isMore = true; isMore && !signal.aborted; ) {
      const begin = performance.now()
      isMore = await batch(new Date())
      await wait((performance.now() - begin) * PAUSE_FACTOR, undefined, { signal })
    }
  }

  async function run() {
    while (!signal.aborted) {
      for (const batch of batches) {
        await deleteAll(batch).catch((err: unknown) => {
          // A database outage is logged elsewhere. The next round deletes what is left.
          const level = signal.aborted || isUnavailable(err) ? 'debug' : 'warn'
          log[level]({ err }, 'cleanup failed; the next round tries again')
        })
      }
      await wait(roundMs, undefined, { signal, ref: false }).catch(() => {})
    }
  }

  return {
    add: (batch: CleanupBatch) => void batches.push(batch),
    start() {
      running = run()
    },
    /** Waits for the batch that is running. */
    async stop() {
      stopping.abort()
      await running
    }
  }
}
