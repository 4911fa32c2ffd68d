import type { Counter, MakeCounter } from './counters.ts'

/** How many failures are free. */
export type Numbers = { pair: number; address: number; account: number }
/** What an attempt counts for: the client's network, the account, and both together. */
export type Keys = { network: string; account: string; pair: string }
/** An attempt that was refused: by which counter, for how long, and whether it is the first that this counter refuses. */
export type Refusal = { by: 'account-address' | 'address' | 'account'; waitMs: number; isFirst: boolean }
export type Ticket = { succeed(): Promise<void>; cancel(): Promise<void> }
export type Limits = ReturnType<typeof createLimits>

const DAY = 86_400
const LONGEST_DELAY = 900

/** Counts one more; gives the refusal where that is more than `limit`. Throws where the counter could not be asked. */
async function take(counter: Counter, limit: number, key: string, by: Refusal['by'], seconds?: number) {
  const { count, msLeft } = await counter.add(key, seconds)
  return count > limit ? { by, waitMs: msLeft, isFirst: count === limit + 1 } : null
}

/**
 * The three counters of failed attempts (ASVS 5.0, 6.1.1 and 6.3.1), exact for any number of attempts at once and any number
 * of replicas, since every decision is one atomic increment.
 */
export function createLimits(make: MakeCounter, numbers: Numbers) {
  const addresses = make('throttle:address', 15 * 60)
  const accounts = make('throttle:account', 3600)
  const failures = make('throttle:failures', DAY)
  // Held by who was let through last: the next waits until it is gone. It doubles with each failure.
  const gate = make('throttle:gate', 1)
  const delayAfter = (count: number) => Math.min(2 ** (count - numbers.pair), LONGEST_DELAY)

  /** Up to `pair` attempts, then one at a time with growing delays; gives whether it holds the gate, or the refusal. */
  async function enter(pair: string) {
    const { count: before } = await failures.get(pair)
    // From the last free one on: so the delay has begun before anybody can be the next.
    const mustHold = before >= numbers.pair - 1
    const early = mustHold ? await take(gate, 1, pair, 'account-address', delayAfter(before + 1)) : null
    if (early) return { refusal: early, holdsGate: false }
    const { count } = await failures.add(pair)
    if (mustHold || count < numbers.pair) return { refusal: null, holdsGate: mustHold }
    // Others were faster since it was asked.
    const late = await take(gate, 1, pair, 'account-address', delayAfter(count))
    if (late) await failures.takeBack(pair)
    return { refusal: late, holdsGate: late === null }
  }

  return {
    /** Counts an attempt as failed; what is refused counts nowhere else. `countsAccount`: whether strangers may have made it. */
    async attempt({ network, account, pair }: Keys, countsAccount: boolean): Promise<Ticket | Refusal> {
      const byAddress = await take(addresses, numbers.address, network, 'address')
      if (byAddress) return byAddress
      const byAccount = countsAccount ? await take(accounts, numbers.account, account, 'account') : null
      const giveBack = async () => {
        await addresses.takeBack(network)
        if (countsAccount) await accounts.takeBack(account)
      }
      if (byAccount) {
        await addresses.takeBack(network)
        return byAccount
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
          await Promise.all([giveBack(), failures.takeBack(pair), holdsGate && gate.delete(pair)])
        }
      }
    }
  }
}
