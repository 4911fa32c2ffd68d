import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import type { User } from '../users/tables.ts'
import type { SignUpBody } from './schemas.ts'

type Used = 'users' | 'userView' | 'passwords' | 'throttle' | 'audit' | 'signUpMembers'

/** Creates an account. Throws USERNAME_TAKEN, EMAIL_TAKEN or PASSWORD_TOO_COMMON; after too many taken names, TOO_MANY_ATTEMPTS. */
export function createSignUp(app: Pick<FastifyInstance, Used>) {
  const { users, userView, passwords, throttle, audit, signUpMembers } = app

  /** What features add. The account exists by now, so one that fails is only left out. */
  async function addMembers(request: FastifyRequest, user: User) {
    const added: Record<string, unknown> = {}
    for (const [name, { create }] of signUpMembers) {
      await create(request, user).then(
        (value) => {
          added[name] = value
        },
        (err: unknown) => request.log.warn({ err }, `sign-up could not add ${name}`)
      )
    }
    return added
  }

  return async function signUp(request: FastifyRequest, { password, ...names }: Static<ReturnType<typeof SignUpBody>>) {
    const user = await throttle.takeName(request, async () => {
      // Checks names first, so that a taken name costs no hash. The insert makes the final decision.
      await users.refuseTaken(names.username, names.email)
      await passwords.refuseCommon(password)
      const passwordHash = await passwords.hash(password, 'signUps')
      return users.create({ ...names, passwordHash }, new Date())
    })
    await audit.record(request, 'user_created', { userId: user.id })
    return { user: await userView.show(user), ...(await addMembers(request, user)) }
  }
}
