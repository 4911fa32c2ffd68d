import { createHmac, randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'
import { inTime } from '../deadline/deadline.ts'
import { ServiceUnavailable } from '../errors/errors.ts'
import { clientAddress, networkOf } from '../input/address.ts'
import { emailKey, usernameKey } from '../users/names.ts'
import { TooManyAttempts } from './errors.ts'
import { createLimits, type Limits, type MakeCounter, type Ticket } from './limits.ts'

export type Throttle = ReturnType<typeof createThrottle>
/** Whose password is tried: a user's, or that of a name that nobody has. */
export type Subject = { userId: string | null; name: string }

const NUMBERS = { pair: 5, address: 100, account: 100 }
/** Each replica counts alone while Redis is down, so each counts less. */
const STRICTER = { pair: 3, address: 50, account: 50 }

/** An answer waits no longer for what is given back. */
const SETTLE_MS = 200

const inMemory: MakeCounter = (keyPrefix, points, duration) => new RateLimiterMemory({ keyPrefix, points, duration })

const clientOf = (request: FastifyRequest) => networkOf(clientAddress(request))

/** Slows down who guesses passwords, without locking a user out of the addresses they logged in from before. */
export function createThrottle({ config, redis, events, log }: FastifyInstance) {
  const local = createLimits(inMemory, redis ? STRICTER : NUMBERS)
  const inRedis: MakeCounter = (keyPrefix, points, duration) =>
    new RateLimiterRedis({ storeClient: redis?.client, keyPrefix, points, duration })
  const shared = redis && createLimits(inRedis, NUMBERS)

  /** The same for all spellings of a name; says nothing of it to who has not the key. */
  function nameHash(name: string) {
    const key = name.includes('@') ? emailKey(name) : usernameKey(name)
    return createHmac('sha256', `throttle:${config.SECRET_KEY[0]}`).update(key).digest('base64url').slice(0, 22)
  }

  /** Asks the shared counters; the local ones while they cannot be reached. */
  async function ask(question: (limits: Limits) => ReturnType<Limits['attempt']>) {
    if (!shared || !redis?.isUp()) return question(local)
    let asked: ReturnType<typeof question> | undefined
    function askShared(limits: Limits) {
      asked = question(limits)
      return asked
    }
    return redis
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
    return inTime(SETTLE_MS, () => settled).catch(() => {})
  }

  /** Failures of one client, counted in this replica alone: who is refused here wins nothing by asking another. */
  function countFailures(keyPrefix: string, points: number) {
    const counter = new RateLimiterMemory({ keyPrefix, points, duration: 15 * 60 })
    return {
      /** Throws TOO_MANY_ATTEMPTS. */
      async check(request: FastifyRequest) {
        const found = await counter.get(clientOf(request))
        if (found && found.consumedPoints >= points) throw new TooManyAttempts(found.msBeforeNext)
      },
      async count(request: FastifyRequest) {
        await counter.penalty(clientOf(request))
      }
    }
  }

  return {
    nameHash,
    /** Sign-ups for names that are taken: who asks often lists our users. */
    signUp: countFailures('sign-up', 100),
    /** Refresh tokens that do not count. */
    refresh: countFailures('refresh', 1000),
    /**
     * Counts an attempt as failed before the password is looked at, and throws TOO_MANY_ATTEMPTS if there were too many.
     * Then `succeed` takes it back and forgets the failures of this account and address; `cancel` only takes it back.
     */
    async attempt(request: FastifyRequest, { userId, name }: Subject): Promise<Ticket> {
      const network = clientOf(request)
      const account = userId ?? nameHash(name)
      let result = await ask((limits) => limits.attempt(account, network, true))
      // Asked for unknown names too: the time must not tell.
      const isByAccount = 'by' in result && result.by === 'account'
      if (isByAccount && (await events.hasLoggedInFrom(userId ?? randomUUID(), network)))
        result = await ask((limits) => limits.attempt(account, network, false))
      if (!('by' in result)) {
        const { succeed, cancel } = result
        return { succeed: () => settle(succeed()), cancel: () => settle(cancel()) }
      }
      const { by, waitMs, isFirst } = result
      if (isFirst) await events.record(request, 'authn_login_fail_max', { userId, reason: by })
      throw new TooManyAttempts(waitMs)
    }
  }
}
