import { ServiceUnavailable } from '../../platform/errors/errors.ts'
import { countWait, timeLeft } from '../../platform/time-budget/time-budget.ts'

/** Sign-ups wait in a line of their own: anyone can cause them, and a flood of them would keep everybody from logging in. */
export type Lane = 'logins' | 'signUps'
type Entry = { start: () => void; refuse: () => void }

/**
 * Runs at most `concurrency` tasks at once and lets at most `waiting` more wait, none longer than `maxWaitMs`; who finds no
 * place gets SERVICE_UNAVAILABLE at once. So hashing cannot starve the service (ASVS 5.0, 15.2.2). The two lanes take turns,
 * and where there is no place the longer one gives up its last. `load` says how it stands.
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

  /** Makes sure that one more may wait in this lane. */
  function makeRoom(lane: Lane) {
    if (countWaiting() < waiting) return
    const other = lanes[lane === 'logins' ? 'signUps' : 'logins']
    const last = other.length > lanes[lane].length + 1 ? other.at(-1) : undefined
    if (last === undefined) throw refusal()
    last.refuse()
  }

  /** The next in line, of the lane whose turn it is, or of the only one that has any. */
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
      // The place goes to the next in line without being free in between.
      const next = takeNext()
      if (next) next.start()
      else running--
    }
  }

  return Object.assign(govern, { load: () => ({ running, waiting: countWaiting(), refused }) })
}
