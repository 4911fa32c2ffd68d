import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { logEvent } from '../../platform/audit/log.ts'
import { InvalidToken } from '../auth/errors.ts'
import { causeOf, RefreshTokenReused, TokenRevoked } from './errors.ts'
import { rotateRefreshToken } from './rotation.ts'
import type { TokenReply } from './schemas.ts'

/** Answers a refresh, and records it in the audit log. */
export function createRefresh(app: FastifyInstance) {
  const { sessions, revocations, tokens, refreshCookie, audit, config } = app
  const { REFRESH_GRACE: graceSeconds, REFRESH_TOKEN_TTL: idleTtl, ACCESS_TOKEN_TTL: accessTtl } = config
  const rotation = { sessions, revocations, graceSeconds, idleTtl, accessTtl }
  const kind = 'token' as const

  async function refuse(request: FastifyRequest, error: unknown): Promise<never> {
    if (error instanceof InvalidToken) logEvent(request, 'authn_token_invalid', { reason: causeOf(error) })
    if (error instanceof TokenRevoked) logEvent(request, 'authn_token_reuse', { sid: error.sid, kind }, 'warn')
    if (error instanceof RefreshTokenReused) {
      const { userId, id: sid } = error.session
      await audit.record(request, 'authn_token_reuse', { userId, sid, kind })
    }
    throw error
  }

  return async function refresh(request: FastifyRequest, reply: FastifyReply, token: string): Promise<TokenReply> {
    const now = new Date()
    try {
      const { session, isRepeat } = await rotateRefreshToken(rotation, request, tokens.verifyRefresh(token, now), now)
      const { userId, id: sid } = session
      await audit.record(request, 'authn_token_created', { userId, sid, kind, reason: 'refresh', isRepeat })
      return refreshCookie.deliver(reply, session, now)
    } catch (error) {
      return refuse(request, error)
    }
  }
}
