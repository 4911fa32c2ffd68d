import type { FastifyRequest } from 'fastify'
import { Unauthenticated } from '../../platform/errors/errors.ts'
import type { Session } from './tables.ts'

/** Who asks, as the credential alone tells. */
export type Account = { userId: string; sid: string; kind: Session['kind']; freshUntil: Date }

/** The account of a guarded request; UNAUTHENTICATED where the guard was forgotten. */
export function accountOf(request: FastifyRequest): Account {
  if (request.account === null) throw new Unauthenticated()
  return request.account
}

/** Until when a login that was authenticated then counts as fresh (ASVS 5.0, 7.5.1). */
export function freshUntil(authenticatedAt: Date, freshForSeconds: number) {
  return new Date(authenticatedAt.getTime() + freshForSeconds * 1000)
}
