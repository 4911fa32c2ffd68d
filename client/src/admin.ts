import type { Client } from 'openapi-fetch'
import type { Input, paths } from './contract.ts'
import { orThrow } from './errors.ts'

type Role = Input<paths['/api/admin/users/{id}/role']['put']>['role']
type Search = { query?: string; cursor?: string | undefined }

/** What admins do. Each call throws FORBIDDEN without the permission, and REAUTHENTICATION_REQUIRED. */
export function createAdmin(api: Client<paths>) {
  const of = (id: string) => ({ params: { path: { id } } })
  return {
    /** A page of users, newest first, whose username or email address contains the query. */
    users: ({ query = '', cursor }: Search = {}) =>
      orThrow(api.GET('/api/admin/users', { params: { query: { query, ...(cursor !== undefined && { cursor }) } } })),
    user: (id: string) => orThrow(api.GET('/api/admin/users/{id}', of(id))),
    /** Ends all access of the user, and may be repeated. Throws LAST_ADMIN. */
    ban: (id: string) => orThrow(api.PUT('/api/admin/users/{id}/ban', of(id))),
    unban: (id: string) => orThrow(api.DELETE('/api/admin/users/{id}/ban', of(id))),
    /** Throws LAST_ADMIN. */
    setRole: (id: string, role: Role) => orThrow(api.PUT('/api/admin/users/{id}/role', { ...of(id), body: { role } })),
    endSessions: (id: string) => orThrow(api.DELETE('/api/admin/users/{id}/sessions', of(id)))
  }
}
