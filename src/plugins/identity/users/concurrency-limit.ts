import { ServiceUnavailable } from '../../platform/errors/errors.ts'
import { countWait, timeLeft } from '../../platform/time-budget/time-budget.ts'

/** Sign-ups have a queue of their own: anyone can cause them, and a flood of them would keep users from logging in. */
export type Lane = 'logins' | 'signUps'
type Entry = { start: () => void; refuse: () => void }

/**
 * Runs at most `concurrency` tasks at once. At most `waiting` more are queued, none longer than `maxWaitMs`; beyond that, a task is
 * rejected at once with SERVICE_UNAVAILABLE. So hashing cannot starve the service (ASVS 5.0, 15.2.2). The two lanes take turns. If
 * the queue is full, the longer lane drops its last task. `load` returns how many tasks run, wait, and were rejected.
 */
export function createConcurrencyLimit(concurrency: number, waiting: number, maxWaitMs: number) {
  const lanes: Record<Lane, Entry[]> = { logins: [], signUps: [] }
  const countWaiting = () => lanes.logins.length + lanes.signUps.length
  let lastLane: Lane = 'signUps'
  let running = 0
  let refused = 0

  function refusal() {
    refused++
    return new ServiceUnavailable()
  }

  function wait(queue: Entry[]) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => entry.refuse(), timeLeft(maxWaitMs))
    const entry = {
      start: () => {
        clearTimeout(timer)
        resolve()
      },
      refuse: () => {
        clearTimeout(timer)
        queue.splice(queue.indexOf(entry), 1)
        reject(refusal())
      }
    }
    queue.push(entry)
    return promise
  }

  /** Makes room for one more task in this lane, or throws. */
  function makeRoom(lane: Lane) {
    if (countWaiting() < waiting) return
    const other = lanes[lane === 'logins' ? 'signUps' : 'logins']
    const last = other.length > lanes[lane].length + 1 ? other.at(-1) : undefined
    if (last === undefined) throw refusal()
    last.refuse()
  }

  /** Takes the next task: from the lane whose turn it is, or from the other one if that is empty. */
  function takeNext() {
    const turn: Lane = lastLane === 'logins' ? 'signUps' : 'logins'
    lastLane = lanes[turn].length > 0 ? turn : lastLane
    return lanes[lastLane].shift()
  }

  async function govern<T>(task: () => Promise<T>, lane: Lane = 'logins'): Promise<T> {
    if (running >= concurrency) {
      makeRoom(lane)
      await countWait(() => wait(lanes[lane]))
    } else {
      running++
    }
    try {
      return await task()
    } finally {
      // Hands the slot to the next task directly, so that no newcomer can take it first.
      const next = takeNext()
      if (next) next.start()
      else running--
    }
  }

  return Object.assign(govern, { load: () => ({ running, waiting: countWaiting(), refused }) })
}
