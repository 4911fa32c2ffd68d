import type { FastifyRequest } from 'fastify'
import { Unauthenticated } from '../../platform/errors/errors.ts'
import type { Session } from './tables.ts'

/** The user and session of a request, read from its credential alone. */
export type Account = { userId: string; sid: string; kind: Session['kind']; freshUntil: Date }

/** The user of a request whose credential is no session, such as an API token: it is never fresh. */
export type SessionlessAccount = { userId: string; sid: null; kind: null; freshUntil: null }

/** The account of a valid credential. `freshFor` is in seconds. */
export function toAccount(
  session: Pick<Session, 'userId' | 'id' | 'kind' | 'authenticatedAt'>,
  freshFor: number
): Account {
  const { userId, id: sid, kind, authenticatedAt } = session
  return { userId, sid, kind, freshUntil: freshUntil(authenticatedAt, freshFor) }
}

/** The account of a guarded request. Throws UNAUTHENTICATED without a session, or if the guard was forgotten. */
export function accountOf(request: FastifyRequest): Account {
  if (request.account === null || request.account.sid === null) throw new Unauthenticated()
  return request.account
}

/** The user of a guarded request, with or without a session. Throws UNAUTHENTICATED if the guard was forgotten. */
export function userIdOf(request: FastifyRequest): string {
  if (request.account === null) throw new Unauthenticated()
  return request.account.userId
}

/** Until when a session that was authenticated then counts as fresh (ASVS 5.0, 7.5.1). */
export function freshUntil(authenticatedAt: Date, freshForSeconds: number) {
  return new Date(authenticatedAt.getTime() + freshForSeconds * 1000)
}
