import type { Redis } from 'ioredis'
import { ServiceUnavailable } from '../errors/errors.ts'
import { detached, withTimeout } from '../time-budget/time-budget.ts'
import type { RedisClient } from './client.ts'
import { checkWrites, findMasters, isRefusal, mastersOf, ranOutOfTime } from './masters.ts'

/** How long one call may take, in ms, however many commands it sends. */
const CALL_MS = 400

/** Guards Redis. After an outage reads resume only once everything that Redis may have missed has been written again. */
export type CircuitBreaker = {
  /** Reads from Redis. SERVICE_UNAVAILABLE if it does not answer; immediately while it is down. */
  read<T>(command: (redis: RedisClient) => Promise<T>): Promise<T>
  /** Writes what Redis must not miss, during recovery too. SERVICE_UNAVAILABLE unless Redis confirms; if it refuses, it is marked down. */
  write<T>(command: (redis: RedisClient) => Promise<T>): Promise<T>
  /** Rejects unless every master accepts writes: a full server still answers reads. */
  check(): Promise<void>
  /** Adds a step that copies data from SQL to Redis before it is trusted: at startup and after each outage. */
  onRecover(refill: () => Promise<void>): void
  isUp(): boolean
  /** Marks Redis down until it is refilled: for a caller that notices missing data. */
  invalidate(): void
  /** Attempts to recover now; resolves when the attempt has succeeded or failed. */
  probe(): Promise<void>
  close(): void
}

type State = {
  name: 'starting' | 'up' | 'down' | 'closed'
  /** Counts outages: an answer or a failure from before the last one proves nothing. */
  outages: number
  /** The connections to the masters that have everything SQL knows. A new connection may lead to another server. */
  synced: readonly Redis[]
}

export function createCircuitBreaker(
  redis: RedisClient,
  report: (isUp: boolean, cause?: unknown) => void,
  probeEveryMs = 250
): CircuitBreaker {
  const refills: (() => Promise<void>)[] = []
  let state: State = { name: 'starting', outages: 0, synced: [] }
  let recovery: Promise<void> | null = null

  function markDown(cause?: unknown) {
    if (state.name === 'closed') return
    if (state.name !== 'down') report(false, cause)
    state = { name: 'down', outages: state.outages + 1, synced: [] }
  }

  async function recover() {
    const { outages } = state
    try {
      const masters = await findMasters(redis)
      for (const refill of refills) await refill()
      if (state.name === 'closed') return
      if (state.outages !== outages) throw new Error('Redis went down again while it was being refilled')
      if (state.name !== 'up') report(true)
      state = { name: 'up', outages, synced: masters }
    } catch (error) {
      markDown(error)
    }
  }

  function probe() {
    recovery ??= detached(recover).finally(() => {
      recovery = null
    })
    return recovery
  }

  /** Detects a failover: the new master may lack the last writes. */
  function compareMasters() {
    const masters = mastersOf(redis)
    const isSame = masters.length === state.synced.length && masters.every((master) => state.synced.includes(master))
    if (state.name === 'up' && !isSame) markDown(new Error('Redis has other masters now'))
  }

  async function call<T>(command: (redis: RedisClient) => Promise<T>, isOutage: (error: unknown) => boolean) {
    const { outages } = state
    try {
      return await withTimeout(CALL_MS, () => command(redis))
    } catch (cause) {
      if (state.outages === outages && !ranOutOfTime(cause, CALL_MS) && isOutage(cause)) markDown(cause)
      throw new ServiceUnavailable({ cause })
    } finally {
      compareMasters()
    }
  }

  async function read<T>(command: (redis: RedisClient) => Promise<T>) {
    if (state.name !== 'up') throw new ServiceUnavailable()
    const { outages } = state
    const answer = await call(command, (error) => !isRefusal(error))
    // The answer may come from a server that missed writes.
    if (state.outages !== outages) throw new ServiceUnavailable()
    return answer
  }

  // An `error` event without a listener would end the process; each one is followed by `close`.
  redis.on('error', () => {}).on('close', () => markDown())
  redis.on('ready', () => void probe())
  // Cluster only: the list of masters was refreshed, or a connection ended.
  redis.on('refresh', compareMasters).on('-node', compareMasters)
  const timer = detached(() => setInterval(() => state.name === 'down' && void probe(), probeEveryMs))

  return {
    read,
    write: (command) => call(command, () => true),
    check: () => read(checkWrites),
    onRecover: (refill) => void refills.push(refill),
    isUp: () => state.name === 'up',
    invalidate: () => markDown(),
    probe,
    close() {
      clearInterval(timer)
      state = { name: 'closed', outages: state.outages, synced: [] }
    }
  }
}
