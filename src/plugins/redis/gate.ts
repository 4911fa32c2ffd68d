import type { Redis } from 'ioredis'
import { ServiceUnavailable } from '../errors/errors.ts'

/** The way to Redis: a circuit breaker that closes only after what Redis may have missed is there again. */
export type RedisGate = {
  /** The connection itself, for packages that want one; its commands are not guarded. */
  client: Redis
  /** Asks Redis; SERVICE_UNAVAILABLE where it did not answer, at once while it is not to be trusted. */
  read<T>(command: (redis: Redis) => Promise<T>): Promise<T>
  /** Writes to Redis, as soon as it can be reached; SERVICE_UNAVAILABLE where it did not confirm. */
  write<T>(command: (redis: Redis) => Promise<T>): Promise<T>
  /** Adds what has to be written from SQL before Redis is trusted: at start and after each loss. */
  onRecover(refill: () => Promise<void>): void
  isUp(): boolean
  /** Closes the way until everything was refilled: who calls it saw that Redis lost what it was told. */
  distrust(): void
  /** Tries to open the way now; resolves when that was decided. */
  probe(): Promise<void>
  close(): void
}

export function createRedisGate(
  redis: Redis,
  report: (isUp: boolean, cause?: unknown) => void,
  probeEveryMs = 250
): RedisGate {
  const refills: (() => Promise<void>)[] = []
  let isUp = false
  let isReported = false
  let isClosed = false
  let probing: Promise<void> | null = null
  // Counts losses, so that a probe during which the connection broke again does not open the way.
  let losses = 0
  let timer: NodeJS.Timeout | undefined

  function lose(cause?: unknown) {
    losses++
    if (isClosed) return
    if (isUp || !isReported) report(false, cause)
    isReported = true
    isUp = false
    clearTimeout(timer)
    timer = setTimeout(() => void probe(), probeEveryMs)
  }

  async function tryAll() {
    const before = losses
    try {
      await redis.ping()
      for (const refill of refills) await refill()
      if (losses !== before || isClosed) return
      if (!isUp) report(true)
      isUp = true
      isReported = true
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

  async function attempt<T>(command: (redis: Redis) => Promise<T>) {
    try {
      return await command(redis)
    } catch (cause) {
      // A refusal (OOM, READONLY) is an answer: only silence and loss close the way.
      if (!(cause instanceof Error && cause.name === 'ReplyError')) lose(cause)
      throw new ServiceUnavailable({ cause })
    }
  }

  redis.on('close', () => lose())
  redis.on('ready', () => void probe())
  // Without a listener an error would end the process; `close` follows each one.
  redis.on('error', () => {})

  return {
    client: redis,
    async read(command) {
      if (!isUp) throw new ServiceUnavailable()
      return attempt(command)
    },
    write: attempt,
    onRecover: (refill) => void refills.push(refill),
    isUp: () => isUp,
    distrust: () => lose(),
    probe,
    close() {
      isClosed = true
      clearTimeout(timer)
    }
  }
}
