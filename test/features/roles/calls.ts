import type { FastifyInstance } from 'fastify'
import { type LoggedIn, logIn, type Transport } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'

export const USERS = '/api/admin/users'
export type Reply = Awaited<ReturnType<typeof call>>

export type AdminUser = {
  id: string
  username: string
  role: string
  bannedAt: string | null
  lastSeenAt: string | null
}

/** `403 FORBIDDEN` */
export const outcome = (reply: { statusCode: number; json: () => { code?: string } }) =>
  reply.statusCode < 300 ? `${reply.statusCode}` : `${reply.statusCode} ${reply.json().code}`

/** Gives a user a role as an operator does. */
export const giveRole = (app: FastifyInstance, userId: string, role: string) =>
  app.roleChanges.setRole({ log: app.log }, null, userId, role)

/** Signs up a user with a role, and logs in. */
export async function logInAs(app: FastifyInstance, role: string, username: string, transport?: Transport) {
  const session = await logIn(app, username, transport)
  await giveRole(app, session.user.id, role)
  return session
}

/** What a call with the credential of this session answers. */
export const act = async (app: FastifyInstance, session: Pick<LoggedIn, 'headers'>, line: string, payload?: object) =>
  outcome(await call(app, session, line, payload))

export const whoami = (app: FastifyInstance, session: Pick<LoggedIn, 'headers'>) =>
  act(app, session, 'GET /api/auth/whoami')
