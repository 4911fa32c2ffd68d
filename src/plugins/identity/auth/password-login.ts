import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import { changeCredentials } from '../users/credentials.ts'
import { typedPassword } from '../users/normal-form.ts'
import type { Match } from '../users/passwords.ts'
import type { User } from '../users/tables.ts'
import { accountOf } from './account.ts'
import { methodsOf } from './insert-session.ts'
import { createPasswordAttempts, type PasswordAttempt } from './password-attempt.ts'
import type { LoginBody } from './schemas.ts'

export type PasswordLogin = ReturnType<typeof createPasswordLogin>
type Used = 'users' | 'passwords' | 'throttle' | 'audit' | 'tables' | 'newSessions' | 'strategies' | 'log'

/** Logs in, reauthenticates, and changes passwords: everything that requires the password. */
export function createPasswordLogin(app: Pick<FastifyInstance, Used>) {
  const { users, passwords, tables, newSessions, strategies, log } = app
  const withVerifiedPassword = createPasswordAttempts(app)

  function ownAttempt(request: FastifyRequest, password: string, failure: PasswordAttempt['failure']) {
    const { userId: id, kind } = accountOf(request)
    return { who: { id }, password: typedPassword(request, password), kind, failure }
  }

  /** Replaces a hash that is weak or was made before NFC. If that fails, the next login tries again. */
  async function strengthen({ id, passwordHash }: User, password: string, match: Match) {
    if (match !== 'as typed' && !passwords.isWeak(passwordHash)) return
    const rehashed = passwords.hash(password).then((hash) => users.rehash(id, passwordHash, hash))
    await rehashed.catch((err: unknown) => log.warn({ err, userId: id }, 'could not upgrade the password hash'))
  }

  return {
    async logIn(
      request: FastifyRequest,
      reply: FastifyReply,
      { usernameOrEmail: name, password, ...options }: Static<ReturnType<typeof LoginBody>>
    ) {
      // Before the password is verified: a page that may not log in learns nothing about it.
      strategies.get(options.authType)?.assertAllowed(request, options)
      const attempt = {
        who: { name },
        password: typedPassword(request, password),
        kind: options.authType,
        failure: 'authn_login_fail' as const
      }
      return withVerifiedPassword(request, attempt, async (user, match) => {
        // First, because a gate may interrupt the login, and what resumes it does not have the password.
        await strengthen(user, password, match)
        const proof = { user, methods: ['pwd'], authenticatedAt: new Date() }
        const started = await newSessions.start(request, reply, proof, options)
        return started && { user, ...started }
      })
    },
    async reauthenticate(request: FastifyRequest, reply: FastifyReply, password: string) {
      return withVerifiedPassword(request, ownAttempt(request, password, 'authn_login_fail'), async (user) => {
        const old = await newSessions.current(request)
        const proof = { user, methods: ['pwd'], authenticatedAt: new Date() }
        return newSessions.reauthenticate(request, reply, proof, old)
      })
    },
    /** Sets another password, renews this session, revokes the others (ASVS 5.0, 6.2.3 and 7.4.3). Throws PASSWORD_TOO_COMMON. */
    async changePassword(request: FastifyRequest, reply: FastifyReply, current: string, next: string) {
      await passwords.refuseCommon(next, '/newPassword')
      return withVerifiedPassword(request, ownAttempt(request, current, 'authn_password_change_fail'), async (user) => {
        const passwordHash = await passwords.hash(next)
        const old = await newSessions.current(request)
        // Not a login: it stays as fresh as it was.
        const proof = { user, methods: methodsOf(old), authenticatedAt: old.authenticatedAt }
        return newSessions.renewAlone(request, reply, proof, old, 'password', {
          preconditions: { password: changeCredentials(tables.users, user.id, { passwordHash }, new Date()) },
          events: [['authn_password_change', { sid: old.id }]]
        })
      })
    }
  }
}
