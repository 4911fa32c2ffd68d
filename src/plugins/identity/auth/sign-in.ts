import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { logEvent } from '../../platform/audit/log.ts'
import { Unauthenticated } from '../../platform/errors/errors.ts'
import { clientAddress } from '../../platform/logging/client-address.ts'
import type { User } from '../users/tables.ts'
import { accountOf } from './account.ts'
import type { RevokedSession } from './sessions.ts'
import type { NewSession, Strategy } from './strategy.ts'
import type { Session } from './tables.ts'

/** How a login is renewed: which logins that may end, and the change itself; null where the user or the login changed meanwhile. */
type Renewal = {
  findAffected(old: Session): Promise<RevokedSession[]>
  change(
    old: Session,
    carrier: NewSession,
    now: Date,
    affected: RevokedSession[]
  ): Promise<{ login: Session; ended: Session[] } | null>
}
/** What a strategy adds to the reply. */
type Delivered = { members: object | null }

const madeOf = (kind: Session['kind']) => (kind === 'token' ? ['authn_token_created' as const] : [])

/** Makes and renews logins, whatever carries them. */
export function createSignIn({ sessions, revocations, strategies, audit, config }: FastifyInstance) {
  async function issue(strategy: Strategy, request: FastifyRequest, reply: FastifyReply, old: Session | null) {
    const { row, deliver } = await strategy.issue(request, reply, old)
    const userAgent = request.headers['user-agent']?.slice(0, 256) ?? null
    return { carrier: { ...row, ip: clientAddress(request), userAgent, idleTtl: strategy.idleTtl }, deliver }
  }

  return {
    /** A new login of a user whose password was verified; null where they changed meanwhile. */
    async signIn(
      strategy: Strategy,
      request: FastifyRequest,
      reply: FastifyReply,
      user: User,
      remember: boolean
    ): Promise<Delivered | null> {
      const now = new Date()
      const replaced = await strategy.findReplaced(request, reply)
      const { kind } = strategy
      const { carrier, deliver } = await issue(strategy, request, reply, null)
      const happened = ['authn_login_success' as const, 'session_created' as const, ...madeOf(kind)]
      const toDetails = (sid: string) => ({ userId: user.id, sid, kind })
      const row = { ...carrier, kind, remember, maxAge: config.LOGIN_MAX_AGE }
      const made = await revocations.endWholly(replaced ? [replaced] : [], () =>
        sessions.create(user, row, now, {
          source: request,
          replaced: replaced?.id ?? null,
          limit: config.MAX_SESSIONS_PER_USER,
          toEvents: (sid) => audit.toRows(request, happened, toDetails(sid))
        })
      )
      if (made === null) return null
      // Nobody asked for these to end: where they cannot be told of now, they are when SQL is read again.
      await revocations.tell(made.surplus).catch(() => {})
      for (const name of happened) logEvent(request, name, toDetails(made.login.id))
      return { members: await deliver(made.login, now) }
    },
    /** Puts another login in the place of the request's; nothing issued before works after it. */
    async renew(request: FastifyRequest, reply: FastifyReply, renewal: Renewal): Promise<Delivered | null> {
      const { sid, kind } = accountOf(request)
      const strategy = strategies.get(kind)
      const old = await sessions.find(sid)
      if (!strategy || old === null || old.revokedAt !== null) throw new Unauthenticated()
      const affected = await renewal.findAffected(old)
      const now = new Date()
      const { carrier, deliver } = await issue(strategy, request, reply, old)
      const changed = await revocations.endWholly(affected, () => renewal.change(old, carrier, now, affected))
      if (changed === null) return null
      await audit.record(request, ['session_renewed', ...madeOf(kind)], { sid: changed.login.id })
      return { members: await deliver(changed.login, now) }
    }
  }
}
