import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ServiceUnavailable } from '../../platform/errors/errors.ts'
import type { Match } from '../users/passwords.ts'
import type { User } from '../users/tables.ts'
import { InvalidCredentials } from './errors.ts'
import type { Session } from './tables.ts'

/** A password that is changed or rehashed just now makes a call start again; more often than this nobody is honest. */
const ATTEMPTS = 3

/** Who claims to be whom, by which transport: `find` gives the user or null, `name` is what was typed, `failure` the event. */
export type PasswordAttempt = {
  find: () => Promise<User | null>
  name: string
  password: string
  kind: Session['kind']
  failure: 'authn_login_fail' | 'authn_password_change_fail'
}

export function createPasswordCheck({ passwords, throttle, audit }: FastifyInstance) {
  async function refuse(request: FastifyRequest, { failure, name, kind }: PasswordAttempt, user: User | null) {
    // A row for unknown names too: it takes time, and time must not tell.
    await audit.record(request, failure, { userId: user?.id ?? null, kind, nameHash: throttle.nameHash(name) })
    return new InvalidCredentials()
  }

  /**
   * Acts with the user whose password this is, again where `act` found them changed meanwhile (null). An unknown name and a
   * wrong password are refused in the same way and after the same time: INVALID_CREDENTIALS (ASVS 5.0, 6.3.8). The attempt
   * counts before the password is compared: TOO_MANY_ATTEMPTS.
   */
  return async function withVerifiedPassword<T>(
    request: FastifyRequest,
    claim: PasswordAttempt,
    act: (user: User, match: Match) => Promise<T | null>
  ) {
    let user = await claim.find()
    const attempt = await throttle.attempt(request, { userId: user?.id ?? null, name: claim.name })
    try {
      for (let i = 1; i <= ATTEMPTS; i++) {
        const match = await passwords.verify(user?.passwordHash ?? null, claim.password)
        if (user === null || !match) break
        const done = await act(user, match)
        if (done !== null) {
          await attempt.succeed()
          return done
        }
        user = await claim.find()
        // The password is right, and others come in between: that is no failure of the one who gave it.
        if (i === ATTEMPTS) throw new ServiceUnavailable()
      }
      throw await refuse(request, claim, user)
    } catch (error) {
      // What did not work here is no failure of the one who asks.
      if (!(error instanceof InvalidCredentials)) await attempt.cancel()
      throw error
    }
  }
}
