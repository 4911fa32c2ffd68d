import type { FastifyBaseLogger } from 'fastify'
import { isUnavailable } from './errors.ts'

const RETRY_MS = 1000

/** Logs each loss and each return of the database once, and looks for it each second until it is back. */
export function watchAvailability(look: () => Promise<void>, log: FastifyBaseLogger) {
  let isUp = true
  let timer: NodeJS.Timeout | undefined

  async function recover() {
    await look()
    if (!isUp) log.info({ event: 'dependency_up', dependency: 'database' }, 'the database is back')
    isUp = true
  }

  function lose(err: unknown) {
    if (isUp) log.error({ event: 'dependency_down', dependency: 'database', err }, 'the database is down')
    isUp = false
    clearTimeout(timer)
    timer = setTimeout(() => void recover().catch(lose), RETRY_MS)
  }

  return {
    /** Waits for the first look; a database that is down stops no start, any other fault does. */
    async start() {
      await recover().catch((error: unknown) => {
        if (!isUnavailable(error)) throw error
        lose(error)
      })
    },
    /** To be told of an error that says that it is down. */
    lose: (cause: unknown) => void (isUp && lose(cause)),
    stop: () => clearTimeout(timer)
  }
}
