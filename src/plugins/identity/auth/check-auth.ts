import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { freshUntil } from './account.ts'

/** Tells a page whether its user is logged in. A credential that is invalid, or no session, is not an error here; an outage is (503). */
export async function checkAuth(
  app: Pick<FastifyInstance, 'identify' | 'users' | 'userView' | 'sessions' | 'config'>,
  request: FastifyRequest,
  reply: FastifyReply
) {
  const account = await app.identify(request, reply).catch((error: { statusCode?: number }) => {
    if (error.statusCode === 401 || error.statusCode === 403) return null
    throw error
  })
  if (account === null || account.sid === null) return { authenticated: false }
  const [user, found] = await Promise.all([app.users.findProfile(account.userId), app.sessions.find(account.sid)])
  if (user === null || found === null || found.revokedAt !== null) return { authenticated: false }
  const { id, kind, createdAt, expiresAt, absoluteExpiresAt, authenticatedAt } = found
  const fresh = freshUntil(authenticatedAt, app.config.FRESH_FOR)
  const session = { id, kind, createdAt, expiresAt, absoluteExpiresAt, freshUntil: fresh }
  return { authenticated: true, user: await app.userView.show(user), session }
}
