import { Forbidden, LastAdmin, UserNotFound } from './errors.ts'
import type { Person } from './people.ts'
import { ADMIN_ROLES, covers, type Permission, permissionsOf } from './permissions.ts'

/** Who changes a user: a session of another user; null: an operator in the shell. */
export type Actor = { userId: string; sid: string } | null
/** What is about to happen to a user. */
export type Intent = {
  targetId: string
  /** What the actor needs. */
  permission: Permission | null
  /** The role that the user gets. */
  role?: string
  /** Whether the user can no longer act afterwards. */
  removes?: boolean
}

const isAdmin = ({ role, bannedAt }: Person) => bannedAt === null && ADMIN_ROLES.includes(role)

/** The error that refuses a change, or null. `people` are the actor, the target, and all admins. */
export function findRefusal(people: Person[], actor: Actor, { targetId, permission, role, removes }: Intent) {
  const target = people.find(({ id }) => id === targetId)
  if (actor !== null && permission !== null) {
    const self = people.find(({ id }) => id === actor.userId)
    const mayAct = self && self.bannedAt === null && permissionsOf(self.role).includes(permission)
    if (!mayAct) return new Forbidden()
    // Nobody acts on more permissions than their own, or gives them.
    const isAbove = [target?.role, role].some((other) => other !== undefined && !covers(self.role, other))
    if (isAbove) return new Forbidden()
  }
  if (target === undefined) return new UserNotFound()
  const isDemotion = removes || (role !== undefined && !ADMIN_ROLES.includes(role))
  const isLast = isAdmin(target) && !people.some((other) => other.id !== targetId && isAdmin(other))
  return isDemotion && isLast ? new LastAdmin() : null
}
