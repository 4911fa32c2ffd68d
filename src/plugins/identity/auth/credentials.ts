import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import { typedPassword } from '../users/normal-form.ts'
import type { Match } from '../users/passwords.ts'
import type { User } from '../users/tables.ts'
import { accountOf } from './account.ts'
import type { LoginBody, SignUpBody } from './schemas.ts'
import { createSignIn } from './sign-in.ts'
import type { Strategy } from './strategy.ts'
import { createPasswordCheck, type PasswordAttempt } from './verify.ts'

export type Credentials = ReturnType<typeof createCredentials>

/** What takes a password: signing up, logging in, giving it again, changing it. */
export function createCredentials(app: FastifyInstance) {
  const { users, passwords, sessions, revocations, audit, throttle, log } = app
  const withVerifiedPassword = createPasswordCheck(app)
  const { signIn, renew } = createSignIn(app)

  /** The claim of the one who asks to be still the same. */
  function claimOf(request: FastifyRequest, password: string, failure: PasswordAttempt['failure']): PasswordAttempt {
    const { userId, kind } = accountOf(request)
    return { find: () => users.find(userId), name: userId, password: typedPassword(request, password), kind, failure }
  }

  /** A hash of today in place of a weaker one, or one without NFC. Failing it costs nothing: the next login tries again. */
  async function strengthen({ id, passwordHash }: User, password: string, match: Match) {
    if (match !== 'as typed' && !passwords.isWeak(passwordHash)) return
    const renewed = passwords.hash(password).then((hash) => users.rehash(id, passwordHash, hash))
    await renewed.catch((err: unknown) => log.warn({ err, userId: id }, 'the password hash could not be renewed'))
  }

  return {
    /** Throws USERNAME_TAKEN, EMAIL_TAKEN or PASSWORD_TOO_COMMON; too many tries of names: TOO_MANY_ATTEMPTS. */
    async signUp(request: FastifyRequest, { password, ...names }: Static<ReturnType<typeof SignUpBody>>) {
      const user = await throttle.takeName(request, async () => {
        // First what is cheap: a taken name costs no hash. The insert decides.
        await users.refuseTaken(names.username, names.email)
        await passwords.refuseCommon(password)
        const passwordHash = await passwords.hash(password, 'signUps')
        return users.create({ ...names, passwordHash }, new Date())
      })
      await audit.record(request, 'user_created', { userId: user.id })
      return user
    },
    /** A new login. Gives the user and what the strategy adds to the reply. */
    async logIn(
      strategy: Strategy,
      request: FastifyRequest,
      reply: FastifyReply,
      { usernameOrEmail: name, password, remember = true }: Static<ReturnType<typeof LoginBody>>
    ) {
      const { kind } = strategy
      const typed = typedPassword(request, password)
      const find = () => users.findByName(name)
      const claim: PasswordAttempt = { find, name, password: typed, kind, failure: 'authn_login_fail' }
      return withVerifiedPassword(request, claim, async (user, match) => {
        const signedIn = await signIn(strategy, request, reply, user, remember)
        if (signedIn) await strengthen(user, password, match)
        return signedIn && { user, ...signedIn }
      })
    },
    /** Makes this login fresh again and renews it (ASVS 5.0, 7.2.4 and 7.5.3). */
    async reauthenticate(request: FastifyRequest, reply: FastifyReply, password: string) {
      return withVerifiedPassword(request, claimOf(request, password, 'authn_login_fail'), async (user) => {
        const renewed = await renew(request, reply, {
          findAffected: async (old) => [old],
          change: (old, carrier, now) => sessions.renew(user, old, carrier, now)
        })
        if (renewed) await audit.record(request, 'authn_login_success', { reason: 'reauthentication' })
        return renewed
      })
    },
    /** Renews this login and revokes every other one of the user (ASVS 5.0, 6.2.3 and 7.4.3). Throws PASSWORD_TOO_COMMON. */
    async changePassword(request: FastifyRequest, reply: FastifyReply, current: string, next: string) {
      await passwords.refuseCommon(next)
      return withVerifiedPassword(request, claimOf(request, current, 'authn_password_change_fail'), async (user) => {
        const hash = await passwords.hash(next)
        const renewed = await renew(request, reply, {
          async findAffected(old) {
            await revocations.endSurplus(request, user.id, old.id)
            return sessions.listUnrevoked(user.id)
          },
          change: (old, carrier, now, affected) =>
            sessions.changePassword(request, user, hash, { old, known: affected.map(({ id }) => id) }, carrier, now)
        })
        if (renewed) await audit.record(request, 'authn_password_change')
        return renewed
      })
    }
  }
}
