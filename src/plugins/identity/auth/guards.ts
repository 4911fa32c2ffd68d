import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Unauthenticated } from '../../platform/errors/errors.ts'
import { accountOf } from './account.ts'
import { ReauthenticationRequired } from './errors.ts'
import type { Session } from './tables.ts'

export type Guards = ReturnType<typeof createGuards>

/** Who asks, as the first strategy says that finds its credential, and whether they may go on. */
export function createGuards({ strategies, sessions, revocations, audit }: FastifyInstance) {
  /** Who asks, or null; a 401 for a credential that does not count. */
  async function identify(request: FastifyRequest, reply: FastifyReply) {
    for (const strategy of strategies.values()) {
      const identified = strategy.identify(request, reply)
      const account = identified && (await identified)
      if (account) return account
    }
    return null
  }

  /** The guard, an onRequest hook: sets `request.account` or answers 401. */
  async function authenticate(request: FastifyRequest, reply: FastifyReply) {
    request.account = await identify(request, reply)
    if (request.account === null) throw new Unauthenticated()
  }

  /**
   * Beside what `authenticate` lets in: the credential of a login that an earlier try of this call has revoked, where that try
   * was a 503. Then it is 204 here.
   */
  function authenticateToRevoke(isRepeat: (own: Session, request: FastifyRequest) => boolean) {
    return async function authenticateOrComplete(request: FastifyRequest, reply: FastifyReply) {
      try {
        await authenticate(request, reply)
      } catch (error) {
        // The refusal names its login, and the row says that somebody is still to be told of the revocation.
        const { sid } = error as { sid?: string }
        const login = sid === undefined ? null : await sessions.find(sid)
        if (!login?.revocationPending || !isRepeat(login, request)) throw error
        await revocations.complete(login)
        strategies.get(login.kind)?.signOut(request, reply, login.id)
        return reply.code(204).send()
      }
    }
  }

  /** Behind a guard: REAUTHENTICATION_REQUIRED where the password was not given lately (ASVS 5.0, 7.5.1 and 7.5.3). */
  async function requireFresh(request: FastifyRequest) {
    if (accountOf(request).freshUntil > new Date()) return
    await audit.record(request, 'authz_fail', { reason: 'not fresh' })
    throw new ReauthenticationRequired()
  }

  return { identify, authenticate, authenticateToRevoke, requireFresh }
}
