import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ServiceUnavailable } from '../../platform/errors/errors.ts'
import type { Match } from '../users/passwords.ts'
import type { User } from '../users/tables.ts'
import { InvalidCredentials } from './errors.ts'
import type { Session } from './tables.ts'

/** An attempt to authenticate with a password, as the user with this id or with this name. */
export type PasswordAttempt = {
  who: { id: string } | { name: string }
  password: string
  kind: Session['kind']
  failure: 'authn_login_fail' | 'authn_password_change_fail'
}

/** If the password changes while it is verified, the call starts over, at most this often. */
const MAX_TRIES = 3

export function createPasswordAttempts({
  users,
  passwords,
  throttle,
  audit
}: Pick<FastifyInstance, 'users' | 'passwords' | 'throttle' | 'audit'>) {
  /**
   * Runs `work` with the user if the password is theirs, and starts over if it returns null because the user changed meanwhile. An
   * unknown name and a wrong password fail alike and take the same time: INVALID_CREDENTIALS (ASVS 5.0, 6.3.8). Each attempt
   * counts before the password is compared: TOO_MANY_ATTEMPTS.
   */
  return async function withVerifiedPassword<T>(
    request: FastifyRequest,
    { who, password, kind, failure }: PasswordAttempt,
    work: (user: User, match: Match) => Promise<T | null>
  ) {
    const find = () => ('id' in who ? users.find(who.id) : users.findByName(who.name))
    const name = 'id' in who ? who.id : who.name
    let user = await find()
    const attempt = await throttle.attempt(request, { userId: user?.id ?? null, name })
    let isRight = false
    try {
      for (let tries = 1; tries <= MAX_TRIES; tries++) {
        const match = await passwords.verify(user?.passwordHash ?? null, password)
        if (user === null || !match) {
          // Stored for unknown names too: the row takes time, and timing must not tell them apart.
          await audit.record(request, failure, { userId: user?.id ?? null, kind, nameHash: throttle.nameHash(name) })
          throw new InvalidCredentials()
        }
        isRight = true
        const done = await work(user, match)
        if (done !== null) {
          await attempt.succeed()
          return done
        }
        user = await find()
      }
      throw new ServiceUnavailable()
    } catch (error) {
      const { statusCode = 500 } = error as { statusCode?: number }
      // A gate may ask for more, or refuse: the password was right all the same. An outage counts as nothing.
      if (isRight && statusCode < 500) await attempt.succeed()
      else if (!(error instanceof InvalidCredentials)) await attempt.cancel()
      throw error
    }
  }
}
