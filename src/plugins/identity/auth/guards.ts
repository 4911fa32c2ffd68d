import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Unauthenticated } from '../../platform/errors/errors.ts'
import { type Account, type SessionlessAccount, userIdOf } from './account.ts'
import { ReauthenticationRequired } from './errors.ts'
import type { SessionlessCredential } from './strategy.ts'
import type { Session } from './tables.ts'

declare module 'fastify' {
  interface FastifyInstance {
    identify: Guards['identify']
    authenticate: Guards['authenticate']
    authenticateToRevoke: Guards['authenticateToRevoke']
    requireFresh: Guards['requireFresh']
    requireEnrollable: Guards['requireEnrollable']
    /** The credentials that are no sessions. A request is first asked for these. */
    sessionlessCredentials: SessionlessCredential[]
    /** Each is asked before a user adds a way to log in, and throws to refuse. */
    enrollmentChecks: ((request: FastifyRequest) => Promise<void>)[]
  }
  interface FastifyRequest {
    /** Null until a guard sets it. */
    account: Account | SessionlessAccount | null
  }
}

type Guards = ReturnType<typeof createGuards>
type Used = 'strategies' | 'sessions' | 'revocations' | 'audit' | 'enrollmentChecks' | 'sessionlessCredentials'

/** Guards authenticate a request and decide whether it may continue. */
function createGuards({
  strategies,
  sessions,
  revocations,
  audit,
  enrollmentChecks,
  sessionlessCredentials
}: Pick<FastifyInstance, Used>) {
  /**
   * The account of the first credential that is found, or null. One that is not valid is a 401, and one that may not do this is a
   * 403.
   */
  async function identify(request: FastifyRequest, reply: FastifyReply) {
    for (const credential of sessionlessCredentials) {
      const identified = credential.identify(request)
      if (identified) return identified
    }
    for (const strategy of strategies.values()) {
      const identified = strategy.identify(request, reply)
      const account = identified && (await identified)
      if (account) return account
    }
    return null
  }

  /** The guard, an onRequest hook: sets `request.account` or throws a 401. */
  async function authenticate(request: FastifyRequest, reply: FastifyReply) {
    request.account = await identify(request, reply)
    if (request.account === null) throw new Unauthenticated()
  }

  /**
   * Like `authenticate`, but it answers 204 to a call that is repeated because its first try was a 503, and whose first try
   * revoked the session that it was made with.
   */
  function authenticateToRevoke(isRepeat: (own: Session, request: FastifyRequest) => boolean) {
    return async function authenticateOrComplete(request: FastifyRequest, reply: FastifyReply) {
      try {
        await authenticate(request, reply)
      } catch (error) {
        // The error names the session, and its row says that some cache has not learned of the revocation yet.
        const { sid } = error as { sid?: string }
        const session = sid === undefined ? null : await sessions.find(sid)
        if (!session?.revocationPending || !isRepeat(session, request)) throw error
        await revocations.retryPending(session)
        strategies.get(session.kind)?.signOut(request, reply, session.id)
        return reply.code(204).send()
      }
    }
  }

  /** Runs after a guard. Throws REAUTHENTICATION_REQUIRED if the user did not authenticate lately (ASVS 5.0, 7.5.1 and 7.5.3). */
  async function requireFresh(request: FastifyRequest) {
    userIdOf(request)
    if ((request.account?.freshUntil ?? 0) > new Date()) return
    await audit.record(request, 'authz_fail', { reason: 'not fresh' })
    throw new ReauthenticationRequired()
  }

  /** Runs after a guard, where a user adds a way to log in. Throws what the checks that features added throw. */
  async function requireEnrollable(request: FastifyRequest) {
    for (const check of enrollmentChecks) await check(request)
  }

  return { identify, authenticate, authenticateToRevoke, requireFresh, requireEnrollable }
}

export function addGuards(app: FastifyInstance) {
  app.decorate('enrollmentChecks', []).decorate('sessionlessCredentials', [])
  const { identify, authenticate, authenticateToRevoke, requireFresh, requireEnrollable } = createGuards(app)
  app.decorateRequest('account', null)
  app.decorate('identify', identify).decorate('authenticate', authenticate)
  app.decorate('authenticateToRevoke', authenticateToRevoke).decorate('requireFresh', requireFresh)
  app.decorate('requireEnrollable', requireEnrollable)
}
