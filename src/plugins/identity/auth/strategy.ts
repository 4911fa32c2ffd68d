import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import type { ErrorType } from '../../platform/errors/schemas.ts'
import type { Account } from './account.ts'
import type { RevokedSession } from './sessions.ts'
import type { Session } from './tables.ts'

/** What the client of a login tells of itself, and the hash of what it will hold; `idleTtl` in seconds. */
export type NewSession = Pick<Session, 'secretHash' | 'ip' | 'userAgent' | 'accessTtl'> &
  Partial<Pick<Session, 'refreshInCookie'>> & { idleTtl: number }

/** What a client will hold of a new login. */
export type Credential = {
  /** What the row remembers of it. */
  row: Pick<NewSession, 'secretHash' | 'refreshInCookie' | 'accessTtl'>
  /** Hands it to the client, once the row is there: by a header, or as members of the reply (null: none). */
  deliver(login: Session, now: Date): Promise<object | null>
}

/** One way to carry a login. It adds itself to `app.strategies`; nobody imports it. */
export type Strategy = {
  kind: Session['kind']
  /** Why a credential of it may not count: each is a 401. */
  refusals: ErrorType[]
  /** Its security scheme in OpenAPI. */
  scheme: Record<string, string>
  /** What it wants to know at login beside the password. */
  loginMembers?: Record<string, TSchema>
  /** What a login answers: `user`, and the members that `deliver` gives. */
  reply: TSchema
  /** What the renewal of a login answers, by status: 200 with those members, or 204. */
  renewed: Record<number, TSchema>
  /** How long a login that is not used lives, in seconds. */
  idleTtl: number
  /** Throws where this request may not log in this way, before the password is looked at. */
  assertAllowed(request: FastifyRequest): void
  /** The live login whose credential a new one will overwrite at this client, or null. */
  findReplaced(request: FastifyRequest, reply: FastifyReply): Promise<RevokedSession | null>
  /** A fresh credential for a login that is about to be made, be it in place of an `old` one. */
  issue(request: FastifyRequest, reply: FastifyReply, old: Session | null): Promise<Credential>
  /** The account of the credential that the request carries: null without one, at once; a 401 for one that does not count. */
  identify(request: FastifyRequest, reply: FastifyReply): Promise<Account | null> | null
  /** Takes the credential of this login from the client, where the server can. */
  signOut(request: FastifyRequest, reply: FastifyReply, sid: string): void
}
