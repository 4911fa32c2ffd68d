import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { isUnavailable } from '../db/errors.ts'

/** Deletes a bounded number of rows that are over at `now`; gives whether there may be more. */
export type CleanupBatch = (now: Date) => Promise<boolean>
export type Cleanup = ReturnType<typeof createCleanup>

const ROUND_MS = 60_000
/** After each batch it rests so many times as long as that took: the rest of the time is for requests. */
const REST = 4

/** Runs the batches of all that added one, each until nothing is left, once a minute. */
export function createCleanup(log: FastifyBaseLogger, roundMs = ROUND_MS) {
  const batches: CleanupBatch[] = []
  const stopping = new AbortController()
  const { signal } = stopping
  let running: Promise<void> | undefined

  async function sweepAll(batch: CleanupBatch) {
    for (let isMore = true; isMore && !signal.aborted; ) {
      const begin = performance.now()
      isMore = await batch(new Date())
      await wait((performance.now() - begin) * REST, undefined, { signal })
    }
  }

  async function run() {
    while (!signal.aborted) {
      for (const batch of batches) {
        await sweepAll(batch).catch((err: unknown) => {
          // That a database is down has been said; what is left is deleted in the next round.
          const level = signal.aborted || isUnavailable(err) ? 'debug' : 'warn'
          log[level]({ err }, 'not all that is over was deleted')
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
    /** Resolves when the batch that is at work has ended. */
    async stop() {
      stopping.abort()
      await running
    }
  }
}
