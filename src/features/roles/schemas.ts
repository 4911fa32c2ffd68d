import Type, { type TObject } from 'typebox'
import { closed, IdCursor, NextCursor, Nullable, Time } from '../../plugins/http/schemas.ts'
import { ROLES } from './permissions.ts'

/** A user as admins see it. */
export const AdminUser = (user: TObject) =>
  Type.Object(
    {
      ...user.properties,
      role: Type.String(),
      bannedAt: Nullable(Time),
      lastSeenAt: Nullable(Time, { description: '`null` if no session of the user is known anymore' })
    },
    closed
  )
export const AdminUserList = (user: TObject) =>
  Type.Object({ users: Type.Array(AdminUser(user)), nextCursor: NextCursor }, closed)
export const AdminUserQuery = Type.Object(
  {
    query: Type.String({
      maxLength: 254,
      default: '',
      description: 'A part of the username or email address'
    }),
    cursor: IdCursor
  },
  closed
)
export const RoleBody = Type.Object({ role: Type.Enum(ROLES as [string, ...string[]]) }, closed)
