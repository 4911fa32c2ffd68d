import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import type { SignUpBody } from './schemas.ts'

/** Creates an account. Throws USERNAME_TAKEN, EMAIL_TAKEN or PASSWORD_TOO_COMMON; after too many taken names, TOO_MANY_ATTEMPTS. */
export function createSignUp({
  users,
  passwords,
  throttle,
  audit
}: Pick<FastifyInstance, 'users' | 'passwords' | 'throttle' | 'audit'>) {
  return async function signUp(request: FastifyRequest, { password, ...names }: Static<ReturnType<typeof SignUpBody>>) {
    const user = await throttle.takeName(request, async () => {
      // Checks names first, so that a taken name costs no hash. The insert makes the final decision.
      await users.refuseTaken(names.username, names.email)
      await passwords.refuseCommon(password)
      const passwordHash = await passwords.hash(password, 'signUps')
      return users.create({ ...names, passwordHash }, new Date())
    })
    await audit.record(request, 'user_created', { userId: user.id })
    return user
  }
}
