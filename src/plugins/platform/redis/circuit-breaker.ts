import { ServiceUnavailable } from '../errors/errors.ts'
import { detached, withTimeout } from '../time-budget/time-budget.ts'
import type { RedisClient } from './client.ts'
import { createMasters, saysNothing } from './masters.ts'

/** What Redis may take for one question, however many commands that is. */
const QUESTION_MS = 400

/** The way to Redis: a circuit breaker that closes only after what Redis may have missed is there again. */
export type CircuitBreaker = {
  /** The connection itself, for packages that want one; its commands are not guarded. */
  client: RedisClient
  /** Asks Redis; SERVICE_UNAVAILABLE where it did not answer, at once while it is not to be trusted. */
  read<T>(command: (redis: RedisClient) => Promise<T>): Promise<T>
  /** Writes to Redis, as soon as it can be reached; SERVICE_UNAVAILABLE where it did not confirm. */
  write<T>(command: (redis: RedisClient) => Promise<T>): Promise<T>
  /** Rejects where a part of Redis would not take a write now: one that answers may still refuse. */
  check(): Promise<void>
  /** Adds what has to be written from SQL before Redis is trusted: at start and after each loss. */
  onRecover(refill: () => Promise<void>): void
  isUp(): boolean
  /** Closes the way until everything was refilled: who calls it saw that Redis lost what it was told. */
  invalidate(): void
  /** Tries to open the way now; resolves when that was decided. */
  probe(): Promise<void>
  close(): void
}

export function createCircuitBreaker(
  redis: RedisClient,
  report: (isUp: boolean, cause?: unknown) => void,
  probeEveryMs = 250
): CircuitBreaker {
  const refills: (() => Promise<void>)[] = []
  const masters = createMasters(redis)
  let state: 'new' | 'up' | 'down' | 'closed' = 'new'
  let probing: Promise<void> | null = null
  // A probe during which the connection broke again opens no way, and a late failure closes none.
  let losses = 0
  let timer: NodeJS.Timeout | undefined

  function lose(cause?: unknown) {
    losses++
    if (state === 'closed') return
    if (state !== 'down') report(false, cause)
    state = 'down'
    clearTimeout(timer)
    timer = detached(() => setTimeout(() => void probe(), probeEveryMs))
  }

  async function tryAll() {
    const before = losses
    try {
      const servers = await masters.find()
      for (const refill of refills) await refill()
      if (state === 'closed') return
      if (losses !== before) throw new Error('Redis was lost while it was filled')
      masters.trust(servers)
      if (state !== 'up') report(true)
      state = 'up'
    } catch (error) {
      lose(error)
    }
  }

  function probe() {
    probing ??= tryAll().finally(() => {
      probing = null
    })
    return probing
  }

  /** Notices that another server answers than those that were told. */
  function look() {
    if (state === 'up' && !masters.areSynced()) lose(new Error('The masters of Redis are others'))
  }

  async function attempt<T>(command: (redis: RedisClient) => Promise<T>) {
    const before = losses
    try {
      return await withTimeout(QUESTION_MS, () => command(redis))
    } catch (cause) {
      // What is from before the last loss was answered by a refill.
      if (!saysNothing(cause, QUESTION_MS) && losses === before) lose(cause)
      throw new ServiceUnavailable({ cause })
    } finally {
      look()
    }
  }

  // An error that nobody hears would end the process; `close` follows each one.
  redis
    .on('close', () => lose())
    .on('ready', () => void probe())
    .on('error', () => {})
  // Of a cluster: it was asked for its masters, and a connection has ended.
  for (const event of ['refresh', '-node']) redis.on(event, look)

  return {
    client: redis,
    async read(command) {
      if (state !== 'up') throw new ServiceUnavailable()
      const before = losses
      const answer = await attempt(command)
      // Lost meanwhile: the answer may be of a server that was not told everything.
      if (losses !== before) throw new ServiceUnavailable()
      return answer
    },
    write: attempt,
    check: () => attempt(masters.check),
    onRecover: (refill) => void refills.push(refill),
    isUp: () => state === 'up',
    invalidate: () => lose(),
    probe: () => detached(probe),
    close() {
      state = 'closed'
      clearTimeout(timer)
    }
  }
}
