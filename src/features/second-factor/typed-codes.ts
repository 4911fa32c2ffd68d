import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { TooManyAttempts } from '../../plugins/identity/throttle/errors.ts'
import { InvalidCode } from '../../plugins/identity/tickets/errors.ts'
import type { Audit } from '../../plugins/platform/audit/audit.ts'
import { ServiceUnavailable } from '../../plugins/platform/errors/errors.ts'
import type { Encryption } from './encryption.ts'
import type { Factors } from './factors.ts'
import type { Method } from './methods.ts'
import type { Totp } from './totp.ts'
import { FREE, IN_A_ROW, isLocked } from './tries.ts'

export const Code = Type.String({ minLength: 1, maxLength: 64, examples: ['492039'] })
/** One-time passwords, whatever makes them. */
const OTP = ['otp']
const REASON = 'second factor'

type Dependencies = { factors: Factors; encryption: Encryption; totp: Totp; audit: Pick<Audit, 'record'> }

/** The six digits of an authenticator app. */
export function totpMethod({ factors, encryption, totp, audit }: Dependencies): Method {
  /** Counts a code as wrong until it proves to be right. Throws TOO_MANY_ATTEMPTS. */
  async function begin(userId: string, now: Date) {
    const tried = await factors.countTry(userId, now)
    if (tried === null) throw new InvalidCode()
    if (tried.waitMs > 0) throw new TooManyAttempts(tried.waitMs)
    return tried.row
  }
  async function refuse(request: FastifyRequest, userId: string, failures: number): Promise<never> {
    if (failures === FREE) await audit.record(request, 'authn_login_fail_max', { userId, reason: REASON })
    if (failures === IN_A_ROW) await audit.record(request, 'authn_login_lock', { userId, reason: REASON })
    throw new InvalidCode()
  }

  return {
    member: 'code',
    schema: Code,
    async isAvailable(userId) {
      const found = await factors.find(userId)
      return found !== null && !isLocked(found) && encryption.decrypt(found.secret, userId) !== null
    },
    async verify(request, userId, code, now) {
      const row = await begin(userId, now)
      const secret = encryption.decrypt(row.secret, userId)
      if (secret === null) throw new ServiceUnavailable({ cause: new Error('ENCRYPTION_KEY does not decrypt this') })
      const step = row.failures > IN_A_ROW ? null : totp.findStep(secret, String(code), now)
      if (step === null || step <= row.lastStep) return refuse(request, userId, row.failures)
      return { methods: OTP, steps: factors.acceptCode(userId, step, encryption.encrypt(secret, userId), now) }
    }
  }
}

/** The codes that a user wrote down. They are too long to guess, so only the ticket limits how often they are tried. */
export function recoveryMethod(factors: Factors): Method {
  return {
    member: 'recoveryCode',
    schema: Type.String({ minLength: 1, maxLength: 64, examples: ['7Q2K-M8D4-XW91-0TZC-5RHN-E3VB'] }),
    isAvailable: async (userId) => (await factors.countCodes(userId)) > 0,
    async verify(_request, userId, code, now) {
      if (!(await factors.hasCode(userId, String(code)))) throw new InvalidCode()
      const steps = factors.acceptRecoveryCode(userId, String(code), now)
      return { methods: OTP, steps, event: 'authn_recovery_code_used' }
    }
  }
}
