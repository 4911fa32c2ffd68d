import type { FastifyContextConfig, FastifyReply, FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import type { ErrorType } from '../../platform/errors/schemas.ts'
import type { Account, SessionlessAccount } from './account.ts'
import type { RevokedSession } from './sessions.ts'
import type { Session } from './tables.ts'

/** What a login asks for beside the proof: members of its body, of which strategies read their own. */
export type SessionOptions = { authType: Session['kind']; remember?: boolean } & Record<string, unknown>
/** What a new session is for: a login with these options, or the place of an old session. */
export type Asked = { options: SessionOptions } | { old: Session }

/** The credential of a new session. `columns` are stored in its row. A strategy adds members of its own. */
export type Credential = {
  columns: Pick<Session, 'secretHash' | 'accessTtl'> & Partial<Pick<Session, 'refreshInCookie'>>
}

/** A transport for sessions between client and service. It adds itself to `app.strategies`; nothing imports it. */
export type Strategy<Own extends Credential = Credential> = {
  kind: Session['kind']
  /** How long an unused session lives, in seconds. */
  idleTtl: number
  openapi: StrategyOpenApi
  /** Throws if this request may not log in this way. Called before the password is verified. */
  assertAllowed(request: FastifyRequest, options: SessionOptions): void
  /** The live session whose credential the new one will overwrite in this client, or null. */
  findReplaced(request: FastifyRequest, reply: FastifyReply, options: SessionOptions): Promise<RevokedSession | null>
  /** Creates a credential for a session that is about to be inserted. */
  issue(request: FastifyRequest, asked: Asked): Promise<Own>
  /** Sends the credential to the client once the row exists: in a header, or as members of the reply (null: none). */
  deliver(reply: FastifyReply, session: Session, credential: Own, now: Date): Promise<object | null>
  /** The account of the request's credential. Null at once without a credential; throws a 401 if it is not valid. */
  identify(request: FastifyRequest, reply: FastifyReply): Promise<Account | null> | null
  /** Removes the credential of this session from the client, if the server can. */
  signOut(request: FastifyRequest, reply: FastifyReply, sid: string): void
}

/** The part of a strategy that schemas and the API reference show. */
export type StrategyOpenApi = {
  /** The 401 errors for an invalid credential. */
  refusals: ErrorType[]
  /** The security scheme. */
  scheme: Record<string, string>
  /** Additional options of a login, in its body. */
  options?: Record<string, TSchema>
  /** The members that `deliver` adds to the reply of a login, next to `user`. */
  members: Record<string, TSchema>
  /** The reply of a renewal, by status: 200 with those members, or 204. */
  renewed: Record<number, TSchema>
}

/** A credential that identifies a user without a session, such as an API token. It adds itself to `app.sessionlessCredentials`. */
export type SessionlessCredential = {
  /** Null at once without such a credential. Throws a 401 if it is not valid, and a 403 if the route is not open to it. */
  identify(request: FastifyRequest): Promise<SessionlessAccount> | null
  openapi: Pick<StrategyOpenApi, 'refusals' | 'scheme'> & {
    /** The name of the security scheme. */
    name: string
    /** What a route requires of the credential; null: it is not open to it. */
    scopes(config: FastifyContextConfig): string[] | null
  }
}
