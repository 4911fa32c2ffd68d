// Who may do what. Edit it: add permissions of your own routes, and roles that have them.

const PERMISSIONS = ['users:read', 'users:ban', 'users:role', 'users:sessions'] as const
export type Permission = (typeof PERMISSIONS)[number]

const permissionsByRole: Readonly<Record<string, readonly Permission[]>> = Object.freeze({
  /** The role of everybody who has no other. */
  user: Object.freeze([]),
  support: Object.freeze<Permission[]>(['users:read', 'users:ban', 'users:sessions']),
  admin: PERMISSIONS
})

export const DEFAULT_ROLE = 'user'
export const ROLES = Object.keys(permissionsByRole)
/** Whoever may change roles is an admin: one of them is always left. */
export const ADMIN_ROLES = ROLES.filter((role) => permissionsOf(role).includes('users:role'))

/** What a role permits; nothing if there is no such role anymore. */
export function permissionsOf(role: string): readonly Permission[] {
  return Object.hasOwn(permissionsByRole, role) ? (permissionsByRole[role] ?? []) : []
}

/** Whether the one role permits everything that the other one does. */
export const covers = (role: string, other: string) =>
  permissionsOf(other).every((permission) => permissionsOf(role).includes(permission))
