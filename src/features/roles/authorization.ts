import type { FastifyInstance } from 'fastify'
import type { NamedSteps } from '../../plugins/identity/auth/insert-session.ts'
import { and, eq, isNull } from '../../plugins/platform/db/drizzle.ts'
import { ServiceUnavailable, Unauthenticated } from '../../plugins/platform/errors/errors.ts'
import { LastAdmin } from './errors.ts'
import type { People, Person } from './people.ts'
import { type Actor, findRefusal, type Intent } from './rules.ts'

export type Authorization = ReturnType<typeof createAuthorization>

/** If somebody else changes one of the people in between, a change starts over, at most this often. */
const MAX_TRIES = 3

/** Decides whether a change of a user is allowed: before it, so that it can say why not, and again in its transaction. */
export function createAuthorization(
  { tables, sessions }: Pick<FastifyInstance, 'tables' | 'sessions'>,
  people: People
) {
  const { users } = tables

  /** Holds everybody concerned, and finds nothing if the change is no longer allowed, or the session of the actor has ended. */
  function allow(actor: Actor, intent: Intent): NamedSteps {
    const ids = actor ? [actor.userId, intent.targetId] : [intent.targetId]
    const steps: NamedSteps = {
      locked: people.lockConcerned(ids),
      people: (tx) => people.listConcerned(ids, tx),
      allowed: (tx, done) => {
        const refusal = findRefusal(done['people'] as Person[], actor, intent)
        return refusal ? null : tx.select({ id: users.id }).from(users).where(eq(users.id, intent.targetId))
      }
    }
    const isLive = actor && and(eq(tables.sessions.id, actor.sid), isNull(tables.sessions.revokedAt))
    if (isLive) steps['session'] = (tx) => tx.select({ id: tables.sessions.id }).from(tables.sessions).where(isLive)
    return steps
  }

  /** Throws why the change is refused. */
  async function requireAllowed(actor: Actor, intent: Intent) {
    const ids = actor ? [actor.userId, intent.targetId] : [intent.targetId]
    const refusal = findRefusal(await people.listConcerned(ids), actor, intent)
    if (refusal) throw refusal
    const session = actor && (await sessions.find(actor.sid))
    if (session && session.revokedAt !== null) throw new Unauthenticated()
  }

  return {
    /** Runs a change if it is allowed. Throws USER_NOT_FOUND, FORBIDDEN and LAST_ADMIN. */
    async authorize(actor: Actor, intent: Intent, change: (required: NamedSteps) => Promise<unknown>) {
      for (let tries = 1; tries <= MAX_TRIES; tries++) {
        await requireAllowed(actor, intent)
        if (await change(allow(actor, intent))) return
      }
      throw new ServiceUnavailable()
    },
    /** The preconditions that keep an admin when a user is deleted. Throws LAST_ADMIN. */
    async beforeDeletion(userId: string): Promise<NamedSteps> {
      const intent = { targetId: userId, permission: null, removes: true }
      const refusal = findRefusal(await people.listConcerned([userId]), null, intent)
      if (refusal instanceof LastAdmin) throw refusal
      // If the user is gone, there is nothing to require.
      return refusal ? {} : allow(null, intent)
    }
  }
}
