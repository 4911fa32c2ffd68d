import type { FastifyInstance } from 'fastify'
import type { User } from '../db/types.ts'
import { InvalidCredentials } from './errors.ts'

/** A password that is changed or rehashed just now makes a login start again; more often than this nobody is honest. */
const ATTEMPTS = 3

/**
 * Verifies name and password and hands the user to `signIn`, again if the user changed meanwhile (it gave null).
 * Throws INVALID_CREDENTIALS, the same way and after the same time for an unknown name and for a wrong password.
 */
export async function logIn<T>(
  { users, passwords, log }: FastifyInstance,
  { usernameOrEmail, password }: { usernameOrEmail: string; password: string },
  signIn: (user: User) => Promise<T | null>
): Promise<T> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const user = await users.findByName(usernameOrEmail)
    const isRight = await passwords.verify(user?.passwordHash ?? null, password)
    if (user === null || !isRight) break
    const reply = await signIn(user)
    if (reply === null) continue
    if (passwords.isWeak(user.passwordHash)) {
      const renewed = passwords.hash(password).then((hash) => users.rehash(user.id, user.passwordHash, hash))
      await renewed.catch((err: unknown) =>
        log.warn({ err, userId: user.id }, 'the password hash could not be renewed')
      )
    }
    return reply
  }
  throw new InvalidCredentials()
}
