import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Unauthenticated } from '../../platform/errors/errors.ts'
import { clientAddress } from '../../platform/logging/client-address.ts'
import { accountOf } from './account.ts'
import { InvalidCredentials } from './errors.ts'
import type { Change, NamedSteps, Proof } from './insert-session.ts'
import type { RevokedSession } from './sessions.ts'
import type { SessionOptions } from './strategy.ts'
import type { RevokedReason, Session } from './tables.ts'

/** What the strategy adds to the reply; null: nothing. */
export type Delivered = { members: object | null }
/** How a session is renewed: all sessions that this may revoke, and what else its transaction does. */
export type Renewal = Omit<Change, 'asked'> & { affected: RevokedSession[] }
export type NewSessions = ReturnType<typeof createNewSessions>

const tokenCreated = (kind: Session['kind']) => (kind === 'token' ? ['authn_token_created' as const] : [])

function clientOf(request: FastifyRequest) {
  return { ip: clientAddress(request), userAgent: request.headers['user-agent']?.slice(0, 256) ?? null }
}

/** Turns a proof into a session that the client holds, whatever its transport. Passwords come here, and so will passkeys. */
export function createNewSessions({
  sessions,
  revocations,
  strategies,
  config
}: Pick<FastifyInstance, 'sessions' | 'revocations' | 'strategies' | 'config'>) {
  const self = {
    /**
     * A login with these options. `take`: the steps that use a ticket up. Null: the user changed since the proof, or the ticket was
     * used. Throws what a gate throws, and CROSS_ORIGIN_REQUEST.
     */
    async start(
      request: FastifyRequest,
      reply: FastifyReply,
      proof: Proof,
      options: SessionOptions,
      take: NamedSteps = {}
    ): Promise<Delivered | null> {
      const now = new Date()
      const { authType, remember = true } = options
      const strategy = strategies.get(authType)
      if (!strategy) throw new InvalidCredentials()
      strategy.assertAllowed(request, options)
      const { kind, idleTtl } = strategy
      const userId = proof.user.id
      const replaced = await strategy.findReplaced(request, reply, options)
      const credential = await strategy.issue(request, { options })
      const absoluteExpiresAt = new Date(now.getTime() + config.LOGIN_MAX_AGE * 1000)
      const kept = { kind, remember, createdAt: now, absoluteExpiresAt }
      const given = { ...kept, ...clientOf(request), ...credential.columns }
      const names = ['authn_login_success' as const, 'session_created' as const, ...tokenCreated(kind)]

      const made = await revocations.changeAndRevoke(replaced ? [replaced] : [], async () => {
        const inserted = await sessions.insert(request, proof, given, idleTtl, now, {
          asked: { options },
          preconditions: take,
          ends: {
            ...(replaced && { replaced: sessions.endOne(replaced.id, 'replaced', now) }),
            surplus: sessions.endOldest(userId, config.MAX_SESSIONS_PER_USER - 1, now)
          },
          events: names.map((name) => [name, { userId, kind }] as const)
        })
        return inserted && { ...inserted, ended: inserted.rows['replaced'] ?? [] }
      })
      if (made === null) return null
      // Nobody asked for these to end. If a cache cannot learn of it now, it will when revocations are reread from SQL.
      await revocations.notify(made.rows['surplus'] ?? []).catch(() => {})
      return { members: await strategy.deliver(reply, made.session, credential, now) }
    },
    /** The session of the request, to be renewed. Throws UNAUTHENTICATED if it was revoked since the guard looked. */
    async current(request: FastifyRequest): Promise<Session> {
      const session = await sessions.find(accountOf(request).sid)
      if (session === null || session.revokedAt !== null) throw new Unauthenticated()
      return session
    },
    /**
     * A new session in the place of an old one, with its beginning and absolute end, and nothing else of it (ASVS 5.0, 7.2.4).
     * Null: the user changed since the proof, or the old session was revoked.
     */
    async renew(
      request: FastifyRequest,
      reply: FastifyReply,
      proof: Proof,
      old: Session,
      { affected, preconditions, ends, events }: Renewal
    ): Promise<Delivered | null> {
      const now = new Date()
      const { kind, remember, createdAt, absoluteExpiresAt } = old
      const strategy = strategies.get(kind)
      if (!strategy) throw new Unauthenticated()
      const credential = await strategy.issue(request, { old })
      const kept = { kind, remember, createdAt, absoluteExpiresAt }
      const given = { ...kept, ...clientOf(request), ...credential.columns }
      const names = ['session_renewed' as const, ...tokenCreated(kind)]

      const made = await revocations.changeAndRevoke(affected, async () => {
        const inserted = await sessions.insert(request, proof, given, strategy.idleTtl, now, {
          asked: { old },
          preconditions: { ...preconditions, renewed: sessions.endOne(old.id, 'renewed', now) },
          ...(ends && { ends }),
          events: [...names.map((name) => [name, {}] as const), ...events]
        })
        const endedBy = ['renewed', ...Object.keys(ends ?? {})]
        return inserted && { ...inserted, ended: endedBy.flatMap((name) => inserted.rows[name] ?? []) }
      })
      return made && { members: await strategy.deliver(reply, made.session, credential, now) }
    },
    /** Renews a session and revokes all others of the user, with the change that asks for it (ASVS 5.0, 7.4.3). Null as above. */
    async renewAlone(
      request: FastifyRequest,
      reply: FastifyReply,
      proof: Proof,
      old: Session,
      reason: RevokedReason,
      { preconditions, events }: Pick<Renewal, 'preconditions' | 'events'>
    ) {
      const { id } = proof.user
      await revocations.revokeSurplus(request, id, old.id)
      const affected = await sessions.listUnrevoked(id)
      const known = affected.map((session) => session.id)
      const all = sessions.endAll(id, known, reason, new Date())
      const required = { ...preconditions, ...all.preconditions }
      return self.renew(request, reply, proof, old, { affected, preconditions: required, ends: all.ends, events })
    },
    /** Makes a session fresh again and renews it (ASVS 5.0, 7.2.4 and 7.5.3). `take`: the steps that use a ticket up. */
    reauthenticate(request: FastifyRequest, reply: FastifyReply, proof: Proof, old: Session, take: NamedSteps = {}) {
      const events = [['authn_login_success', { sid: old.id, reason: 'reauthentication' }]] as const
      return self.renew(request, reply, proof, old, { affected: [old], preconditions: take, events })
    }
  }
  return self
}
