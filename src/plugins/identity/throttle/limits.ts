/** How many attempts were counted for a key, and for how many ms they still count. */
export type Counted = { count: number; msLeft: number }
/** Counts by key. A key expires a fixed time after its first count, and is deleted at zero: a success leaves nothing behind. */
export type Counter = {
  /** Adds one, atomically; `seconds` is the life of a new key, if not the usual one. */
  add(key: string, seconds?: number): Promise<Counted>
  /** Subtracts one, atomically; never below zero. */
  subtract(key: string): Promise<Counted>
  get(key: string): Promise<Counted>
  delete(key: string): Promise<void>
}
/** Makes a counter whose keys live this many seconds. */
export type MakeCounter = (name: string, seconds: number) => Counter

/** How many failures are free. */
export type Allowed = { pair: number; address: number; account: number }
/** What an attempt counts for: the client's network, the account, and both together. */
export type Keys = { network: string; account: string; pair: string }
/** A refused attempt: by which counter, for how long, and whether it is the first that this counter refuses. */
export type Refusal = { by: 'account-address' | 'address' | 'account'; waitMs: number; isFirst: boolean }
/** An attempt that may go on; it counts as a failure until one of these is called. */
export type Attempt = { succeed(): Promise<void>; cancel(): Promise<void> }
export type Limits = {
  /** Counts an attempt as failed, or refuses and counts nothing. `countsAccount`: whether strangers may have made it. */
  begin(keys: Keys, countsAccount: boolean): Promise<Attempt | Refusal>
}

export const ALLOWED: Allowed = { pair: 5, address: 100, account: 100 }
const DAY = 86_400
const LONGEST_DELAY = 900

/** Adds one; gives the refusal if that exceeds `limit`. Throws if the counter is unavailable. */
async function consume(counter: Counter, limit: number, key: string, by: Refusal['by'], seconds?: number) {
  const { count, msLeft } = await counter.add(key, seconds)
  return count > limit ? { by, waitMs: msLeft, isFirst: count === limit + 1 } : null
}

/**
 * The three counters of failed attempts (ASVS 5.0, 6.1.1 and 6.3.1). They are exact for any number of concurrent attempts and
 * replicas, since every decision is one atomic increment.
 */
export function createLimits(make: MakeCounter, allowed: Allowed): Limits {
  const addresses = make('throttle:address', 15 * 60)
  const accounts = make('throttle:account', 3600)
  const failures = make('throttle:failures', DAY)
  // Held by the last attempt that was let through: the next one waits until it expires. Its life doubles with each failure.
  const turn = make('throttle:gate', 1)
  const delayAfter = (count: number) => Math.min(2 ** (count - allowed.pair), LONGEST_DELAY)

  /** Lets `pair` attempts through, then one at a time with growing delays; gives the refusal, or whether it holds the turn. */
  async function beginPair(pair: string) {
    const { count: before } = await failures.get(pair)
    // From the last free attempt on, so that the delay starts before another attempt can follow.
    const needsTurn = before >= allowed.pair - 1
    const early = needsTurn ? await consume(turn, 1, pair, 'account-address', delayAfter(before + 1)) : null
    if (early) return { refusal: early, holdsTurn: false }
    const { count } = await failures.add(pair)
    if (needsTurn || count < allowed.pair) return { refusal: null, holdsTurn: needsTurn }
    // Concurrent attempts were counted since the read.
    const late = await consume(turn, 1, pair, 'account-address', delayAfter(count))
    if (late) await failures.subtract(pair)
    return { refusal: late, holdsTurn: late === null }
  }

  return {
    async begin({ network, account, pair }, countsAccount) {
      const byAddress = await consume(addresses, allowed.address, network, 'address')
      if (byAddress) return byAddress
      const byAccount = countsAccount ? await consume(accounts, allowed.account, account, 'account') : null
      if (byAccount) {
        await addresses.subtract(network)
        return byAccount
      }
      const refund = async () => {
        await addresses.subtract(network)
        if (countsAccount) await accounts.subtract(account)
      }
      const { refusal, holdsTurn } = await beginPair(pair)
      if (refusal) {
        await refund()
        return refusal
      }
      return {
        async succeed() {
          await Promise.all([refund(), failures.delete(pair), turn.delete(pair)])
        },
        async cancel() {
          await Promise.all([refund(), failures.subtract(pair), holdsTurn && turn.delete(pair)])
        }
      }
    }
  }
}
