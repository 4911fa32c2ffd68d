import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { IdParams, NoContent } from '../../http/schemas.ts'
import { isUuid } from '../../platform/db/ids.ts'
import { problems } from '../../platform/errors/schemas.ts'
import { accountOf } from './account.ts'
import { SessionNotFound } from './errors.ts'
import { RevokeAllQuery, SessionList, SessionListQuery } from './schemas.ts'
import { listSessions, toPage } from './session-list.ts'
import { isLive } from './sessions.ts'

/** /api/auth/sessions: the sessions of the current user, whatever their transport (ASVS 5.0, 7.5.2). */
const routes: FastifyPluginAsyncTypebox = async (app) => {
  const { strategies, sessions, revocations, audit } = app
  const tags = ['auth']

  /** Throws SESSION_NOT_FOUND unless the id is that of a live session of the current user. */
  async function requireOwn(request: FastifyRequest, id: string) {
    const { userId } = accountOf(request)
    const session = isUuid(id) ? await sessions.find(id) : null
    if (session && session.userId !== userId)
      await audit.record(request, 'malicious_direct_reference', { reason: 'login' })
    // A revocation that is still pending may be repeated.
    const isThere = session && (isLive(session, new Date()) || session.revocationPending)
    if (session?.userId !== userId || !isThere) throw new SessionNotFound()
  }

  app.get('', {
    schema: {
      summary: 'List your active sessions: the current one first, then the most recently used',
      tags,
      querystring: SessionListQuery,
      response: { 200: SessionList, ...problems(400, 401) }
    },
    onRequest: app.authenticate,
    handler: async (request) => {
      const { userId, sid } = accountOf(request)
      const { cursor, limit } = request.query
      return toPage(await listSessions(sessions, userId, sid, cursor, limit), sid, limit)
    }
  })

  app.delete('/:id', {
    schema: {
      summary: 'End one of your sessions',
      tags,
      params: IdParams,
      response: { 204: NoContent, ...problems(401, SessionNotFound) }
    },
    onRequest: app.authenticateToRevoke(({ id }, request) => id === (request.params as IdParams).id),
    handler: async (request, reply) => {
      const { sid, kind } = accountOf(request)
      const { id } = request.params
      await requireOwn(request, id)
      const session = await revocations.revoke(request, id, 'revoked', new Date())
      // Another request has just renewed the session, so it continues with another id.
      if (session?.revokedReason === 'renewed') throw new SessionNotFound()
      if (id === sid) strategies.get(kind)?.signOut(request, reply, sid)
      reply.code(204)
    }
  })

  app.delete('', {
    schema: {
      summary: 'End all your sessions, or all but this one',
      tags,
      querystring: RevokeAllQuery,
      response: { 204: NoContent, ...problems(400, 401) }
    },
    onRequest: app.authenticateToRevoke(({ revokedReason }) => revokedReason === 'all'),
    handler: async (request, reply) => {
      const { userId, sid, kind } = accountOf(request)
      const { keepCurrent } = request.query
      await revocations.revokeAll(request, userId, 'all', new Date(), { sid, stays: keepCurrent === true })
      if (!keepCurrent) strategies.get(kind)?.signOut(request, reply, sid)
      reply.code(204)
    }
  })
}

export default routes
