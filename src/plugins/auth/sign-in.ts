import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Login, User } from '../db/types.ts'
import { logEvent } from '../events/log.ts'
import { clientAddress } from '../input/address.ts'
import { accountOf } from './account.ts'
import { Unauthenticated } from './errors.ts'
import type { Strategy } from './strategy.ts'
import type { Carrier } from './transactions.ts'

/** A renewed login, and all that were revoked with it; null where the user or the login changed meanwhile. */
type Change = (old: Login, carrier: Carrier, now: Date) => Promise<{ login: Login; ended: Login[] } | null>
/** What a strategy adds to the reply. */
type Delivered = { members: object | null }

const madeOf = (kind: Login['kind']) => (kind === 'token' ? ['authn_token_created' as const] : [])

/** Makes and renews logins, whatever carries them. */
export function createSignIn({ logins, revocations, strategies, events, config }: FastifyInstance) {
  async function issue(strategy: Strategy, request: FastifyRequest, reply: FastifyReply, old: Login | null) {
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
      const replaced = await strategy.replaced(request, reply)
      if (replaced) await revocations.revoke(request, replaced.id, 'replaced', now)
      const { kind } = strategy
      const { carrier, deliver } = await issue(strategy, request, reply, null)
      const happened = ['authn_login_success' as const, 'session_created' as const, ...madeOf(kind)]
      const toDetails = (sid: string) => ({ userId: user.id, sid, kind })
      const made = { ...carrier, kind, remember, maxAge: config.LOGIN_MAX_AGE }
      // One transaction for both: on SQLite each waits for the disk, and everybody with it.
      const toEvents = (sid: string) => events.toRows(request, happened, toDetails(sid))
      const login = await logins.create(user, made, now, toEvents)
      if (login === null) return null
      for (const name of happened) logEvent(request, name, toDetails(login.id))
      return { members: await deliver(login, now) }
    },
    /** Puts another login in the place of the request's, by `change`; nothing issued before works after it. */
    async renew(request: FastifyRequest, reply: FastifyReply, change: Change): Promise<Delivered | null> {
      const { sid, kind } = accountOf(request)
      const strategy = strategies.get(kind)
      const old = await logins.find(sid)
      if (!strategy || old === null || old.revokedAt !== null) throw new Unauthenticated()
      // Wholly or not at all: who cannot be told of the end of the old login would go on to let it in.
      await revocations.check()
      const now = new Date()
      const { carrier, deliver } = await issue(strategy, request, reply, old)
      const changed = await change(old, carrier, now)
      if (changed === null) return null
      await revocations.announce(request, changed.ended)
      await events.record(request, ['session_renewed', ...madeOf(kind)], { sid: changed.login.id })
      return { members: await deliver(changed.login, now) }
    }
  }
}
