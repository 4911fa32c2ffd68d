import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ServiceUnavailable } from '../../platform/errors/errors.ts'
import { clientAddress, networkOf } from '../../platform/logging/client-address.ts'
import { withTimeout } from '../../platform/time-budget/time-budget.ts'
import { createMemoryCounter, createRedisCounter } from './counters.ts'
import { TooManyAttempts } from './errors.ts'
import { createKeys, type Subject } from './keys.ts'
import { createLimits, type Limits, type Ticket } from './limits.ts'

export type Throttle = ReturnType<typeof createThrottle>

const NUMBERS = { pair: 5, address: 100, account: 100 }
/** Each replica counts alone while Redis is down, so each counts less. */
const STRICTER = { pair: 3, address: 50, account: 50 }

/** How many taken names one client may hit in 15 minutes. More would list our users. */
const TAKEN_NAMES = 100

/** An answer waits no longer for what is given back. */
const SETTLE_MS = 200

const clientOf = (request: FastifyRequest) => networkOf(clientAddress(request))

/** Slows down who guesses passwords, without locking a user out of the addresses they logged in from before. */
export function createThrottle({ config, redis, circuitBreaker, audit, log }: FastifyInstance) {
  const local = createLimits((_name, seconds) => createMemoryCounter(seconds), circuitBreaker ? STRICTER : NUMBERS)
  const shared = circuitBreaker && createLimits((...counter) => createRedisCounter(redis, ...counter), NUMBERS)
  const takenNames = createMemoryCounter(15 * 60)
  const { keysOf, nameHash } = createKeys(config.SECRET_KEY[0] ?? '')

  /** Asks the shared counters; the local ones while they cannot be reached. */
  async function ask(question: (limits: Limits) => ReturnType<Limits['attempt']>) {
    if (!shared || !circuitBreaker?.isUp()) return question(local)
    let asked: ReturnType<typeof question> | undefined
    function askShared(limits: Limits) {
      asked = question(limits)
      return asked
    }
    return circuitBreaker
      .read(() => askShared(shared))
      .catch((error) => {
        if (!(error instanceof ServiceUnavailable)) throw error
        // What is counted there after all is taken back.
        asked?.then((late) => ('by' in late ? undefined : late.cancel())).catch(() => {})
        return question(local)
      })
  }

  /** What is given back late, or never, only makes the next attempt wait. */
  function settle(action: Promise<void>) {
    const settled = action.catch((err: unknown) => log.debug({ err }, 'attempts not given back'))
    return withTimeout(SETTLE_MS, () => settled).catch(() => {})
  }

  return {
    nameHash,
    /**
     * Runs what takes a name, and counts against the client where it was taken already (409): TOO_MANY_ATTEMPTS. In this
     * replica alone: a client that is refused here wins little by asking another.
     */
    async takeName<T>(request: FastifyRequest, work: () => Promise<T>) {
      const client = clientOf(request)
      // Counted before it is known, so that any number at once counts.
      const { count, msLeft } = await takenNames.add(client)
      let isTaken = false
      try {
        if (count > TAKEN_NAMES) throw new TooManyAttempts(msLeft)
        return await work()
      } catch (error) {
        isTaken = (error as { statusCode?: number }).statusCode === 409
        throw error
      } finally {
        if (!isTaken) await takenNames.takeBack(client)
      }
    },
    /**
     * Counts an attempt as failed before the password is looked at, and throws TOO_MANY_ATTEMPTS if there were too many.
     * Then `succeed` takes it back and forgets the failures of this account and address; `cancel` only takes it back.
     */
    async attempt(request: FastifyRequest, subject: Subject): Promise<Ticket> {
      const { userId } = subject
      const network = clientOf(request)
      const keys = keysOf(subject, network)
      // Failures of strangers do not keep a user who is logged in from securing the account.
      const isLoggedIn = userId !== null && request.account?.userId === userId
      let result = await ask((limits) => limits.attempt(keys, !isLoggedIn))
      // Asked for unknown names too: the time must not tell.
      const isByAccount = 'by' in result && result.by === 'account'
      if (isByAccount && (await audit.hasEvent('authn_login_success', userId ?? randomUUID(), network)))
        result = await ask((limits) => limits.attempt(keys, false))
      if (!('by' in result)) {
        const { succeed, cancel } = result
        return { succeed: () => settle(succeed()), cancel: () => settle(cancel()) }
      }
      const { by, waitMs, isFirst } = result
      if (isFirst) await audit.record(request, 'authn_login_fail_max', { userId, reason: by })
      throw new TooManyAttempts(waitMs)
    }
  }
}
