import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { accountOf } from '../../plugins/identity/auth/account.ts'
import { SecondFactorNotEnabled } from '../../plugins/identity/auth/errors.ts'
import { methodsOf } from '../../plugins/identity/auth/insert-session.ts'
import { InvalidCode } from '../../plugins/identity/tickets/errors.ts'
import { isForeignKeyViolation } from '../../plugins/platform/db/errors.ts'
import { ServiceUnavailable, Unauthenticated } from '../../plugins/platform/errors/errors.ts'
import type { Encryption } from './encryption.ts'
import { TotpAlreadyEnabled } from './errors.ts'
import type { Factors } from './factors.ts'
import { MFA } from './gate.ts'
import type { Totp } from './totp.ts'

export type Enrollment = ReturnType<typeof createEnrollment>
type Used = Pick<FastifyInstance, 'users' | 'newSessions' | 'audit'>
type Own = { factors: Factors; encryption: Encryption; totp: Totp }

/** If the user or the sessions change in between, a change starts over, at most this often. */
const MAX_TRIES = 3

/** Sets up an authenticator app, and takes it away. */
export function createEnrollment({ users, newSessions, audit }: Used, { factors, encryption, totp }: Own) {
  async function ownUser(userId: string) {
    const user = await users.find(userId)
    if (user === null) throw new Unauthenticated()
    return user
  }
  async function repeat<T>(change: () => Promise<T | null>) {
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const done = await change()
      if (done !== null) return done
    }
    throw new ServiceUnavailable()
  }

  return {
    /** A new secret, which does nothing until it is confirmed. Throws TOTP_ALREADY_ENABLED. */
    async begin(userId: string) {
      const { username } = await ownUser(userId)
      const secret = totp.newSecret()
      const stored = factors.start(userId, encryption.encrypt(secret, userId), new Date())
      const isStored = await stored.catch((error: unknown) => {
        // The user was deleted in between.
        throw isForeignKeyViolation(error) ? new Unauthenticated() : error
      })
      if (!isStored) throw new TotpAlreadyEnabled()
      return { secret, uri: totp.uri(secret, username) }
    },
    /** Throws INVALID_CODE and TOTP_ALREADY_ENABLED. */
    async confirm(request: FastifyRequest, reply: FastifyReply, code: string) {
      return repeat(async () => {
        const now = new Date()
        const user = await ownUser(accountOf(request).userId)
        const row = await factors.find(user.id)
        if (row?.confirmedAt) throw new TotpAlreadyEnabled()
        const secret = row && encryption.decrypt(row.secret, user.id)
        const step = secret && totp.findStep(secret, code, now)
        if (!row || !step) throw new InvalidCode()

        const old = await newSessions.current(request)
        const { codes: recoveryCodes, steps } = factors.confirm(row, step, now)
        // The code shows that both factors are here. It is not a login, so the session stays as fresh as it was.
        const methods = [...new Set([...methodsOf(old), 'otp', MFA])]
        const proof = { user, methods, authenticatedAt: old.authenticatedAt }
        const renewed = await newSessions.renewAlone(request, reply, proof, old, 'factor', {
          preconditions: steps,
          events: [['authn_factor_added', { sid: old.id, reason: 'totp' }]]
        })
        return renewed && { recoveryCodes, ...renewed }
      })
    },
    /** Renews the session; also if there is nothing to remove. */
    async remove(request: FastifyRequest, reply: FastifyReply) {
      return repeat(async () => {
        const user = await ownUser(accountOf(request).userId)
        const old = await newSessions.current(request)
        const proof = { user, methods: methodsOf(old), authenticatedAt: old.authenticatedAt }
        const isEnabled = await factors.isEnabled(user.id)
        return newSessions.renew(request, reply, proof, old, {
          affected: [old],
          steps: factors.removal(user.id),
          events: isEnabled ? [['authn_factor_removed', { sid: old.id, reason: 'totp' }]] : []
        })
      })
    },
    /** Throws SECOND_FACTOR_NOT_ENABLED. */
    async replaceCodes(request: FastifyRequest) {
      const { userId } = accountOf(request)
      const codes = await factors.renewCodes(userId)
      if (codes === null) throw new SecondFactorNotEnabled()
      await audit.record(request, 'authn_recovery_codes_created', { userId })
      return codes
    }
  }
}
