import type { FastifyBaseLogger } from 'fastify'
import { describeTlsFault } from '../errors/tls.ts'
import { detached } from '../time-budget/time-budget.ts'
import { isOutage } from './errors.ts'

/** Logs each loss and each return of the database once, and looks for it until it is back: soon at first, then at intervals. */
export function watchAvailability(look: () => Promise<void>, log: FastifyBaseLogger, retryMs = 500) {
  const firstMs = retryMs / 5
  let waitMs = firstMs
  let isUp = true
  let isStopped = false
  let logged: string | null = null
  let looking: Promise<void> | null = null
  let timer: NodeJS.Timeout | undefined

  async function recover() {
    await look()
    if (!isUp) log.info({ event: 'dependency_up', dependency: 'database' }, 'the database is back')
    isUp = true
    logged = null
    waitMs = firstMs
  }

  function lookAgain() {
    void recover().catch(lose)
  }

  function lose(err: unknown) {
    // It is there, and something else is wrong, such as pending migrations: that is said too.
    const fault = isOutage(err) ? null : (err as Error).message
    if (isUp || (fault !== null && fault !== logged))
      log.error(
        { event: 'dependency_down', dependency: 'database', err },
        `the database cannot be used${describeTlsFault(err, 'DB_URI')}`
      )
    logged = fault
    isUp = false
    clearTimeout(timer)
    if (!isStopped) timer = setTimeout(lookAgain, waitMs)
    waitMs = Math.min(2 * waitMs, retryMs)
  }

  return {
    isUp: () => isUp,
    /** Waits for the first look; a database that is down stops no start, any other fault does. */
    async start() {
      await recover().catch((error: unknown) => {
        if (!isOutage(error)) throw error
        lose(error)
      })
    },
    /** To be told of an error that may say that it is down: one slow query does not. So it looks, and believes that. */
    suspect(error: unknown) {
      if (!isUp || isStopped || looking || !isOutage(error)) return
      detached(() => {
        looking = recover()
          .catch(lose)
          .finally(() => {
            looking = null
          })
      })
    },
    stop() {
      isStopped = true
      clearTimeout(timer)
    }
  }
}
