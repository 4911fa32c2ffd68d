import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import type { ErrorType } from '../../platform/errors/schemas.ts'
import type { Account } from './account.ts'
import type { RevokedSession } from './sessions.ts'
import type { Session } from './tables.ts'

/** What the client will hold of a new session; `columns` is what the row remembers of it. A strategy adds members of its own. */
export type Credential = {
  columns: Pick<Session, 'secretHash' | 'accessTtl'> & Partial<Pick<Session, 'refreshInCookie'>>
}

/** One way to carry a session between client and service. It adds itself to `app.strategies`; nobody imports it. */
export type Strategy<Own extends Credential = Credential> = {
  kind: Session['kind']
  /** How long a session lives that is not used, in seconds. */
  idleTtl: number
  openapi: StrategyOpenApi
  /** Throws if this request may not log in this way. Called before the password is looked at. */
  assertAllowed(request: FastifyRequest): void
  /** The live session whose credential a new one will overwrite at this client, or null. */
  findReplaced(request: FastifyRequest, reply: FastifyReply): Promise<RevokedSession | null>
  /** A fresh credential for a session that is about to be inserted, perhaps in the place of an `old` one. */
  issue(request: FastifyRequest, old: Session | null): Promise<Own>
  /** Hands the credential to the client once the row exists: in a header, or as members of the reply (null: none). */
  deliver(reply: FastifyReply, session: Session, credential: Own, now: Date): Promise<object | null>
  /** The account of the request's credential; null at once if there is none, and a 401 if it is not valid. */
  identify(request: FastifyRequest, reply: FastifyReply): Promise<Account | null> | null
  /** Takes the credential of this session away from the client, if the server can. */
  signOut(request: FastifyRequest, reply: FastifyReply, sid: string): void
}

/** What the schemas and the API reference say of a strategy. */
export type StrategyOpenApi = {
  /** The 401s of an invalid credential. */
  refusals: ErrorType[]
  /** The security scheme. */
  scheme: Record<string, string>
  /** Members of the login body beside the password. */
  loginMembers?: Record<string, TSchema>
  /** The reply of a login: `user`, and the members that `deliver` returns. */
  reply: TSchema
  /** The reply of a renewal, by status: 200 with those members, or 204. */
  renewed: Record<number, TSchema>
}
