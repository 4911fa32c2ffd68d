import { countWait, timeLeft } from '../deadline/deadline.ts'
import { ServiceUnavailable } from '../errors/errors.ts'

/**
 * Runs at most `concurrency` tasks at once and lets at most `waiting` more wait, none longer than `maxWaitMs`; who finds no
 * place gets SERVICE_UNAVAILABLE at once. So hashing cannot starve the service (ASVS 5.0, 15.2.2). `load` says how it stands.
 */
export function createGovernor(concurrency: number, waiting: number, maxWaitMs: number) {
  const queue: { start: () => void; refuse: () => void; timer: NodeJS.Timeout }[] = []
  let running = 0
  let refused = 0

  function refusal() {
    refused++
    return new ServiceUnavailable()
  }

  function wait() {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const entry = {
      start: () => {
        clearTimeout(entry.timer)
        resolve()
      },
      refuse: () => {
        queue.splice(queue.indexOf(entry), 1)
        reject(refusal())
      },
      timer: setTimeout(() => entry.refuse(), timeLeft(maxWaitMs))
    }
    queue.push(entry)
    return promise
  }

  async function govern<T>(task: () => Promise<T>): Promise<T> {
    if (running >= concurrency) {
      if (queue.length >= waiting) throw refusal()
      await countWait(wait)
    } else {
      running++
    }
    try {
      return await task()
    } finally {
      // The place goes to the next in line without being free in between.
      const next = queue.shift()
      if (next) next.start()
      else running--
    }
  }

  return Object.assign(govern, { load: () => ({ running, waiting: queue.length, refused }) })
}
