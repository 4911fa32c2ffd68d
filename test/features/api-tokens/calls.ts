import type { FastifyInstance } from 'fastify'
import type { LoggedIn } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'

export const TOKENS = '/api/users/me/tokens'

export type Token = {
  token: string
  id: string
  name: string
  abilities: string[]
  createdAt: string
  expiresAt: string
  lastUsedAt: string | null
}

/** `403 ABILITY_REQUIRED` */
export const outcome = (reply: { statusCode: number; json: () => { code?: string } }) =>
  reply.statusCode < 300 ? `${reply.statusCode}` : `${reply.statusCode} ${reply.json().code}`

/** Makes an API token that may read and write at /api/probe, unless `changes` say otherwise. */
export async function makeToken(app: FastifyInstance, session: Pick<LoggedIn, 'headers'>, changes: object = {}) {
  const payload = { name: 'Backup script', abilities: ['probe:read', 'probe:write'], ...changes }
  const reply = await call(app, session, `POST ${TOKENS}`, payload)
  if (reply.statusCode !== 201) throw new Error(`${reply.statusCode} ${reply.body}`)
  const made = reply.json<Token>()
  return { ...made, ...bearer(made.token) }
}

export const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

export const listTokens = async (app: FastifyInstance, session: Pick<LoggedIn, 'headers'>) =>
  (await call(app, session, `GET ${TOKENS}`)).json<{ tokens: Omit<Token, 'token'>[] }>().tokens

/** What a call with this token answers. */
export const probeWith = async (app: FastifyInstance, token: Pick<LoggedIn, 'headers'>) =>
  outcome(await call(app, token, 'GET /api/probe'))
