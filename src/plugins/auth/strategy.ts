import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import type { Login, User } from '../db/types.ts'
import type { Account } from './account.ts'

/** One way to carry a login. It adds itself to `app.strategies`; nobody imports it. */
export type Strategy = {
  kind: Login['kind']
  /** Its security scheme in OpenAPI. */
  scheme: Record<string, string>
  /** What a login answers. */
  reply: TSchema
  /** Throws where this request may not log in this way, before the password is looked at. */
  admit(request: FastifyRequest): void
  /** Makes a login of a user whose password was verified; null where user or hash changed meanwhile. */
  signIn(request: FastifyRequest, reply: FastifyReply, user: User, remember: boolean): Promise<object | null>
  /** The account of the credential that the request carries; null without one, a 401 for one that does not count. */
  identify(request: FastifyRequest, reply: FastifyReply): Promise<Account | null>
  /** Takes the credential from the client, where the server can. */
  signOut(reply: FastifyReply): void
}
