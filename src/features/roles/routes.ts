import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { SMALL_BODY } from '../../plugins/http/body/limits.ts'
import { IdParams, NoContent } from '../../plugins/http/schemas.ts'
import { accountOf } from '../../plugins/identity/auth/account.ts'
import { ReauthenticationRequired, SecondFactorNotEnabled } from '../../plugins/identity/auth/errors.ts'
import { isUuid } from '../../plugins/platform/db/ids.ts'
import { problems } from '../../plugins/platform/errors/schemas.ts'
import type { Changes } from './changes.ts'
import type { Directory } from './directory.ts'
import { Forbidden, LastAdmin, UserNotFound } from './errors.ts'
import type { Permission } from './permissions.ts'
import { AdminUser, AdminUserList, AdminUserQuery, RoleBody } from './schemas.ts'

const tags = ['admin']
const refusals = [401, Forbidden, ReauthenticationRequired, SecondFactorNotEnabled] as const

/** Events of a change belong to the other user, who does not see where the admin is. */
const sourceOf = ({ log }: FastifyRequest) => ({ log })
/** Throws USER_NOT_FOUND for an id that cannot exist. */
function targetOf({ params }: { params: IdParams }) {
  if (!isUuid(params.id)) throw new UserNotFound()
  return params.id
}

/** /api/admin/users */
export function createRoutes(directory: Directory, changes: Changes): FastifyPluginAsyncTypebox {
  return async (app) => {
    const { userView } = app
    const guard = (permission: Permission) => [app.authenticate, app.requirePermission(permission)]
    type Found = Awaited<ReturnType<Directory['find']>>
    const show = async ({ role, bannedAt, lastSeenAt, ...user }: Found) => ({
      ...(await userView.show(user)),
      ...{ role, bannedAt, lastSeenAt }
    })

    app.get('', {
      schema: {
        summary: 'List users, newest first, 20 per page',
        tags,
        querystring: AdminUserQuery,
        response: { 200: AdminUserList(userView.schema()), ...problems(400, ...refusals) }
      },
      onRequest: guard('users:read'),
      handler: async (request) => {
        const { users, nextCursor } = await directory.list(request.query.query, request.query.cursor)
        return { users: await Promise.all(users.map(show)), nextCursor }
      }
    })

    app.get('/:id', {
      schema: {
        summary: 'Get a user',
        tags,
        params: IdParams,
        response: { 200: AdminUser(userView.schema()), ...problems(...refusals, UserNotFound) }
      },
      onRequest: guard('users:read'),
      handler: async (request) => show(await directory.find(request.params.id))
    })

    app.put('/:id/ban', {
      schema: {
        summary: 'Ban a user: ends all of their sessions and API tokens',
        tags,
        params: IdParams,
        response: { 204: NoContent, ...problems(...refusals, UserNotFound, LastAdmin) }
      },
      onRequest: guard('users:ban'),
      handler: async (request, reply) => {
        await changes.ban(sourceOf(request), accountOf(request), targetOf(request), new Date())
        reply.code(204)
      }
    })

    app.delete('/:id/ban', {
      schema: {
        summary: 'Lift the ban of a user',
        tags,
        params: IdParams,
        response: { 204: NoContent, ...problems(...refusals, UserNotFound) }
      },
      onRequest: guard('users:ban'),
      handler: async (request, reply) => {
        await changes.unban(sourceOf(request), accountOf(request), targetOf(request))
        reply.code(204)
      }
    })

    app.put('/:id/role', {
      schema: {
        summary: 'Give a user a role',
        tags,
        params: IdParams,
        body: RoleBody,
        response: { 200: AdminUser(userView.schema()), ...problems(400, ...refusals, UserNotFound, LastAdmin) }
      },
      bodyLimit: SMALL_BODY,
      onRequest: guard('users:role'),
      handler: async (request) => {
        await changes.setRole(sourceOf(request), accountOf(request), targetOf(request), request.body.role)
        return show(await directory.find(targetOf(request)))
      }
    })

    app.delete('/:id/sessions', {
      schema: {
        summary: 'End all sessions of a user',
        tags,
        params: IdParams,
        response: { 204: NoContent, ...problems(...refusals, UserNotFound) }
      },
      onRequest: guard('users:sessions'),
      handler: async (request, reply) => {
        await changes.endSessions(sourceOf(request), accountOf(request), targetOf(request), new Date())
        reply.code(204)
      }
    })
  }
}
