import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

/** What another process revokes is known here within a second. */
const EVERY_MS = 500
/** How long the start waits until all is known, in ms. SQL answers until it is. */
const START_WAIT_MS = 200

/** Rereads revocations from SQL: neither a restart, another process nor a Redis that lost its data revives anything. */
export function keepResyncing(app: FastifyInstance) {
  const { revocations, log } = app
  let resyncing: Promise<void> | null = null
  let timer: NodeJS.Timeout | undefined

  function resync() {
    resyncing ??= revocations
      .resyncRecent(new Date())
      .catch((err: unknown) => log.debug({ err }, 'revocations could not be reread'))
      .finally(() => {
        resyncing = null
      })
    return resyncing
  }

  app.circuitBreaker?.onRecover(() => revocations.resyncAll(new Date()))
  app.addHook('onReady', async () => {
    await Promise.race([resync(), sleep(START_WAIT_MS, undefined, { ref: false })])
    timer = setInterval(() => void resync(), EVERY_MS)
  })
  app.addHook('onClose', async () => {
    clearInterval(timer)
    revocations.stop()
    await resyncing
  })
}
