import type { FastifyInstance } from 'fastify'
import { eq } from '../../platform/db/drizzle.ts'
import type { Step } from '../../platform/db/types.ts'
import { hasPassword } from '../users/passwords.ts'
import { LastCredential } from './errors.ts'
import type { NamedSteps } from './insert-session.ts'

declare module 'fastify' {
  interface FastifyInstance {
    loginMethods: LoginMethods
  }
}

/** A kind of ways to log in without the password, such as passkeys, with the statements about those of a user. */
export type LoginMethod = {
  /** Those that work now. */
  listUsable(userId: string): Step<{ id: string }>
  find(userId: string, id: string): Step<{ id: string }>
  remove(userId: string, id: string): Step<unknown>
}
export type LoginMethods = ReturnType<typeof createLoginMethods>

/** The ways to log in without a password. Nobody removes their last one. */
export function createLoginMethods({ transaction, tables }: Pick<FastifyInstance, 'transaction' | 'tables'>) {
  const { users } = tables
  const methods = new Map<string, LoginMethod>()

  return {
    add: (kind: string, method: LoginMethod) => void methods.set(kind, method),
    /** Whether there was one to remove. Throws LAST_CREDENTIAL: the user has neither a password nor another way to log in. */
    async remove(kind: string, userId: string, id: string) {
      const method = methods.get(kind)
      if (!method) return false
      const usable: NamedSteps = {}
      for (const [name, { listUsable }] of methods) usable[name] = listUsable(userId)
      const rows = await transaction({
        preconditions: {
          // Two requests that remove one each must not leave the user without any.
          user: (tx) => tx.lock(tx.select().from(users).where(eq(users.id, userId))),
          found: method.find(userId, id)
        },
        steps: {
          ...(usable as Record<string, Step<{ id: string }>>),
          removed: (tx, done) => {
            const others = [...methods.keys()].flatMap((name) => done[name] as { id: string }[])
            const [owner] = done['user'] as { passwordHash: string }[]
            const isLast = others.every((other) => other.id === id) && owner && !hasPassword(owner)
            return isLast ? null : method.remove(userId, id)(tx, done)
          }
        }
      })
      if (rows !== null && rows['removed']?.length === 0) throw new LastCredential()
      return rows !== null
    }
  }
}
