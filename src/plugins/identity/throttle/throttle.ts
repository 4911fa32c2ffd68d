import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { Audit } from '../../platform/audit/audit.ts'
import { clientAddress, networkOf } from '../../platform/logging/client-address.ts'
import { withTimeout } from '../../platform/time-budget/time-budget.ts'
import { TooManyAttempts } from './errors.ts'
import type { createKeys, Subject } from './keys.ts'
import type { Attempt, Limits } from './limits.ts'
import { createMemoryCounter } from './memory.ts'

type Dependencies = {
  limits: Limits
  keys: ReturnType<typeof createKeys>
  audit: Pick<Audit, 'record' | 'hasEvent'>
  log: FastifyBaseLogger
}
export type Throttle = ReturnType<typeof createThrottle>

/** How many taken names a client may try in 15 minutes. More would list our users. */
const TAKEN_NAMES = 100

/** How long a reply waits for a refund, in ms. */
const SETTLE_MS = 200

const clientOf = (request: FastifyRequest) => networkOf(clientAddress(request))

/** Slows down password guessing without locking a user out of the addresses they logged in from before. */
export function createThrottle({ limits, keys, audit, log }: Dependencies) {
  const takenNames = createMemoryCounter(15 * 60)

  /** A refund that comes late, or never, only makes the next attempt wait. */
  function settle(refund: Promise<void>) {
    const settled = refund.catch((err: unknown) => log.debug({ err }, 'attempts were not refunded'))
    return withTimeout(SETTLE_MS, () => settled).catch(() => {})
  }

  return {
    nameHash: keys.nameHash,
    /**
     * Runs work that claims a name. A name that is already taken (409) counts against the client: TOO_MANY_ATTEMPTS. Only in
     * this replica: asking another one gains a client little.
     */
    async takeName<T>(request: FastifyRequest, work: () => Promise<T>) {
      const client = clientOf(request)
      // Counted before the result is known, so that concurrent requests count too.
      const { count, msLeft } = await takenNames.add(client)
      let isTaken = false
      try {
        if (count > TAKEN_NAMES) throw new TooManyAttempts(msLeft)
        return await work()
      } catch (error) {
        isTaken = (error as { statusCode?: number }).statusCode === 409
        throw error
      } finally {
        if (!isTaken) await takenNames.subtract(client)
      }
    },
    /**
     * Counts an attempt as failed before the password is checked; throws TOO_MANY_ATTEMPTS if there were too many. `succeed`
     * refunds it and clears the failures of this account and address; `cancel` only refunds it.
     */
    async attempt(request: FastifyRequest, subject: Subject): Promise<Attempt> {
      const { userId } = subject
      const network = clientOf(request)
      const counted = keys.keysOf(subject, network)
      // Failures of strangers must not keep a signed-in user from securing the account.
      const isLoggedIn = userId !== null && request.account?.userId === userId
      let result = await limits.begin(counted, !isLoggedIn)
      // Unknown names make the same query, so that timing reveals nothing.
      const isByAccount = 'by' in result && result.by === 'account'
      if (isByAccount && (await audit.hasEvent('authn_login_success', userId ?? randomUUID(), network)))
        result = await limits.begin(counted, false)
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
