import type { EventSource } from '../../platform/audit/audit.ts'
import { InvalidToken, TokenExpired } from '../auth/errors.ts'
import type { Revocations } from '../auth/revocations.ts'
import type { Sessions } from '../auth/sessions.ts'
import { idleEnd } from '../auth/sessions.ts'
import type { Session } from '../auth/tables.ts'
import { RefreshTokenReused, TokenRevoked } from './errors.ts'
import type { RefreshClaims } from './tokens.ts'

/** Of concurrent requests, one rotates the token and the others read the session again. */
const ATTEMPTS = 3

export type Rotation = {
  sessions: Sessions
  revocations: Revocations
  graceSeconds: number
  idleTtl: number
  accessTtl: number
}

/**
 * Returns the session whose current refresh token answers this refresh (RFC 9700, 4.14.2). `isRepeat`: it had rotated before.
 * During the grace period after a rotation, the current and the previous token both get the current one. After it, the current
 * token rotates, and the previous one counts as stolen: the session is revoked. Older tokens always count as stolen. Throws
 * TOKEN_REVOKED, TOKEN_EXPIRED, INVALID_TOKEN, or REFRESH_TOKEN_REUSED.
 */
export async function rotateRefreshToken(
  rotation: Rotation,
  source: EventSource,
  { sid, gen }: RefreshClaims,
  now: Date
): Promise<{ session: Session; isRepeat: boolean }> {
  const { sessions, revocations, graceSeconds, idleTtl, accessTtl } = rotation
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const session = await sessions.find(sid)
    if (session === null || session.revokedAt !== null) throw new TokenRevoked(sid)
    if (session.kind !== 'token' || gen > session.generation) throw new InvalidToken()
    if (session.expiresAt <= now) throw new TokenExpired()
    // Without a grace period, a replica whose clock is behind must not grant one.
    const isInGrace = graceSeconds > 0 && now.getTime() - session.rotatedAt.getTime() < graceSeconds * 1000
    if (isInGrace && gen >= session.generation - 1) return { session, isRepeat: true }
    if (gen < session.generation) {
      await revocations.revoke(source, sid, 'reuse', now)
      throw new RefreshTokenReused(session)
    }
    // Tokens issued earlier may live longer than the one issued now.
    const longest = Math.max(session.accessTtl, accessTtl)
    const expiresAt = idleEnd(session, idleTtl, now)
    const rotated = await sessions.rotate(sid, gen, { expiresAt, accessTtl: longest }, now)
    if (rotated) return { session: rotated, isRepeat: false }
  }
  throw new TokenRevoked(sid)
}
