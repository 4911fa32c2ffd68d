import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Login } from '../db/types.ts'
import { freshUntil } from './account.ts'
import { Unauthenticated } from './errors.ts'
import type { Logins } from './logins.ts'
import type { Strategy } from './strategy.ts'

export type Guards = ReturnType<typeof createGuards>

/** Who asks, as the first strategy says that finds its credential, and whether they may go on. */
export function createGuards(strategies: Map<Login['kind'], Strategy>, logins: Logins, freshForSeconds: number) {
  async function identify(request: FastifyRequest, reply: FastifyReply) {
    for (const strategy of strategies.values()) {
      const account = await strategy.identify(request, reply)
      if (account !== null) return account
    }
    return null
  }

  async function authenticate(request: FastifyRequest, reply: FastifyReply) {
    request.account = await identify(request, reply)
    if (request.account === null) throw new Unauthenticated()
  }

  /** Lets in a revoked login too whose logout was a 503: the refusal names its `sid`, and the row says that it is not done. */
  async function authenticateToLogOut(request: FastifyRequest, reply: FastifyReply) {
    await authenticate(request, reply).catch(async (error: { sid?: string }) => {
      const login = error.sid === undefined ? null : await logins.find(error.sid)
      if (!login?.revocationPending) throw error
      const { userId, id, kind, authenticatedAt } = login
      request.account = { userId, sid: id, kind, freshUntil: freshUntil(authenticatedAt, freshForSeconds) }
    })
  }

  return { identify, authenticate, authenticateToLogOut }
}
