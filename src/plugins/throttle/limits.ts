import { type RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible'

/** How many failures are free. */
export type Numbers = { pair: number; address: number; account: number }
/** Makes a counter that lets `points` through in `seconds`. */
export type MakeCounter = (name: string, points: number, seconds: number) => RateLimiterAbstract
/** An attempt that was refused: by which counter, for how long, and whether it is the first that this counter refuses. */
export type Refusal = { by: 'account-address' | 'address' | 'account'; waitMs: number; isFirst: boolean }
export type Ticket = { succeed(): Promise<void>; cancel(): Promise<void> }
export type Limits = ReturnType<typeof createLimits>

const DAY = 86_400
const LONGEST_DELAY = 900

/** What a counter says: how many it counted, or that it refuses. Throws where it could not be asked. */
async function take(counter: RateLimiterAbstract, key: string, by: Refusal['by'], seconds?: number) {
  try {
    const options = seconds === undefined ? {} : { customDuration: seconds }
    return { count: (await counter.consume(key, 1, options)).consumedPoints, refusal: null }
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused
    const isFirst = refused.consumedPoints === counter.points + 1
    return { count: refused.consumedPoints, refusal: { by, waitMs: refused.msBeforeNext, isFirst } }
  }
}

/**
 * The three counters of failed attempts (ASVS 5.0, 6.1.1 and 6.3.1), exact for any number of attempts at once and any number
 * of replicas, since every decision is one atomic increment.
 */
export function createLimits(make: MakeCounter, numbers: Numbers) {
  const addresses = make('throttle:address', numbers.address, 15 * 60)
  const accounts = make('throttle:account', numbers.account, 3600)
  const failures = make('throttle:failures', Number.MAX_SAFE_INTEGER, DAY)
  // Held by who was let through last: the next waits until it is gone. It doubles with each failure.
  const gate = make('throttle:gate', 1, 1)
  const delayAfter = (count: number) => Math.min(2 ** (count - numbers.pair), LONGEST_DELAY)

  /** Up to `pair` attempts, then one at a time with growing delays; gives whether it holds the gate, or the refusal. */
  async function enter(pair: string) {
    const before = (await failures.get(pair))?.consumedPoints ?? 0
    // From the last free one on: so the delay has begun before anybody can be the next.
    const mustHold = before >= numbers.pair - 1
    const early = mustHold ? await take(gate, pair, 'account-address', delayAfter(before + 1)) : null
    if (early?.refusal) return { refusal: early.refusal, holdsGate: false }
    const { count } = await take(failures, pair, 'account-address')
    if (mustHold || count < numbers.pair) return { refusal: null, holdsGate: mustHold }
    // Others were faster since it was asked.
    const late = await take(gate, pair, 'account-address', delayAfter(count))
    if (late.refusal) await failures.reward(pair)
    return { refusal: late.refusal, holdsGate: late.refusal === null }
  }

  return {
    /** Counts an attempt as failed; what is refused counts nowhere else. `countsAccount`: false for an address it knows. */
    async attempt(account: string, network: string, countsAccount: boolean): Promise<Ticket | Refusal> {
      const pair = `${account}:${network}`
      const byAddress = await take(addresses, network, 'address')
      if (byAddress.refusal) return byAddress.refusal
      const byAccount = countsAccount ? await take(accounts, account, 'account') : null
      const giveBack = async () => {
        await addresses.reward(network)
        if (countsAccount) await accounts.reward(account)
      }
      if (byAccount?.refusal) {
        await addresses.reward(network)
        return byAccount.refusal
      }
      const { refusal, holdsGate } = await enter(pair)
      if (refusal) {
        await giveBack()
        return refusal
      }
      return {
        async succeed() {
          await Promise.all([giveBack(), failures.delete(pair), gate.delete(pair)])
        },
        async cancel() {
          await Promise.all([giveBack(), failures.reward(pair), holdsGate && gate.delete(pair)])
        }
      }
    }
  }
}
