import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { clientAddress } from '../../platform/logging/client-address.ts'
import { InvalidCredentials } from './errors.ts'
import type { NamedSteps, Proof } from './insert-session.ts'
import type { SessionOptions } from './strategy.ts'
import type { Session } from './tables.ts'

/** What the strategy adds to the reply; null: nothing. */
export type Delivered = { members: object | null }
export type NewSessions = ReturnType<typeof createNewSessions>

export const tokenCreated = (kind: Session['kind']) => (kind === 'token' ? ['authn_token_created' as const] : [])

export function clientOf(request: FastifyRequest) {
  return { ip: clientAddress(request), userAgent: request.headers['user-agent']?.slice(0, 256) ?? null }
}

/** Turns a proof into a session that the client holds, whatever its transport. Every way to log in comes here. */
export function createNewSessions({
  sessions,
  revocations,
  strategies,
  config
}: Pick<FastifyInstance, 'sessions' | 'revocations' | 'strategies' | 'config'>) {
  return {
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
    }
  }
}
