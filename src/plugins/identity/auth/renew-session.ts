import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Unauthenticated } from '../../platform/errors/errors.ts'
import { accountOf } from './account.ts'
import type { Change, NamedSteps, Proof } from './insert-session.ts'
import { clientOf, type Delivered, tokenCreated } from './new-session.ts'
import type { RevokedSession } from './sessions.ts'
import type { RevokedReason, Session } from './tables.ts'

/** How a session is renewed: all sessions that this may revoke, and what else its transaction does. */
export type Renewal = Omit<Change, 'asked'> & { affected: RevokedSession[] }
export type RenewSession = ReturnType<typeof createRenewSession>

/** Puts a new session in the place of an old one: after another proof, and when the credentials change. */
export function createRenewSession({
  sessions,
  revocations,
  strategies
}: Pick<FastifyInstance, 'sessions' | 'revocations' | 'strategies'>) {
  const self = {
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
      { affected, preconditions, steps, ends, events }: Renewal
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
          ...(steps && { steps }),
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
