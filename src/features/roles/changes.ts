import type { FastifyInstance } from 'fastify'
import type { EventSource } from '../../plugins/platform/audit/audit.ts'
import type { Event, EventName } from '../../plugins/platform/audit/event-types.ts'
import { logEvent } from '../../plugins/platform/audit/log.ts'
import { eq } from '../../plugins/platform/db/drizzle.ts'
import type { Database, Tables } from '../../plugins/platform/db/types.ts'
import type { Authorization } from './authorization.ts'
import { DEFAULT_ROLE } from './permissions.ts'
import type { Actor, Intent } from './rules.ts'

export type Changes = ReturnType<typeof createChanges>
type Row = Partial<Pick<Tables['userRoles']['$inferInsert'], 'role' | 'bannedAt'>>
type Used = 'tables' | 'transaction' | 'revocations' | 'audit'

/** Changes of a user by somebody else. */
export function createChanges(app: Pick<FastifyInstance, Used>, { authorize }: Authorization) {
  const { transaction, revocations, audit } = app
  const { userRoles, users } = app.tables

  /** The step that writes the row of a user. */
  const write = (userId: string, set: Row) => (tx: Database) =>
    tx
      .insert(userRoles)
      .values({ role: DEFAULT_ROLE, ...set, userId })
      .onConflictDoUpdate({ target: userRoles.userId, set })
      .returning()
  /** The user may read it, so it has nothing of the actor but the id, and that only in the log. */
  const toEvent = (name: EventName, actor: Actor, userId: string, reason: string | null = null): Event => [
    name,
    { userId, reason, by: actor?.userId ?? 'shell' }
  ]

  async function change(source: EventSource, actor: Actor, intent: Intent, set: Row, event: Event) {
    await authorize(actor, intent, (preconditions) =>
      transaction({
        preconditions,
        steps: {
          written: write(intent.targetId, set),
          event: (tx) => audit.insert(tx, source, [event])
        }
      })
    )
    logEvent(source, ...event)
  }

  return {
    /**
     * Bans a user and ends all of their access. If it rejects because a cache could not be told, it may be repeated. Throws
     * USER_NOT_FOUND, FORBIDDEN and LAST_ADMIN, as the others do.
     */
    async ban(source: EventSource, actor: Actor, targetId: string, now: Date) {
      const ending = {
        user: (tx: Database) => tx.select({ id: users.id }).from(users).where(eq(users.id, targetId)),
        steps: { banned: write(targetId, { bannedAt: now }) },
        event: toEvent('user_banned', actor, targetId),
        reason: 'ban' as const
      }
      await authorize(actor, { targetId, permission: 'users:ban', removes: true }, (preconditions) =>
        revocations.endAccess(source, targetId, { ...ending, preconditions }, now)
      )
    },
    async unban(source: EventSource, actor: Actor, targetId: string) {
      const event = toEvent('user_unbanned', actor, targetId)
      await change(source, actor, { targetId, permission: 'users:ban' }, { bannedAt: null }, event)
    },
    async setRole(source: EventSource, actor: Actor, targetId: string, role: string) {
      const event = toEvent('user_role_changed', actor, targetId, role)
      await change(source, actor, { targetId, permission: 'users:role', role }, { role }, event)
    },
    async endSessions(source: EventSource, actor: Actor, targetId: string, now: Date) {
      await authorize(actor, { targetId, permission: 'users:sessions' }, (preconditions) =>
        revocations.revokeAll(source, targetId, 'all', now, null, preconditions)
      )
    }
  }
}
