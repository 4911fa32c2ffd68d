import { pino } from 'pino'
import type { InsertSession, NewSession } from '../../../../src/plugins/identity/auth/insert-session.ts'
import type { RevokeRows } from '../../../../src/plugins/identity/auth/revoke-rows.ts'
import type { LimitQueries } from '../../../../src/plugins/identity/auth/session-limit.ts'
import type { RevokedReason } from '../../../../src/plugins/identity/auth/tables.ts'
import type { User } from '../../../../src/plugins/identity/users/tables.ts'

/** The source of events, for tests that ignore it. */
export const source = { log: pino({ level: 'silent' }) }

/** `idleTtl` and `maxAge` are in seconds. */
export type Changes = Partial<NewSession> & { idleTtl?: number; maxAge?: number }

/** Inserts a session, by default with tokens; null if the user row has changed. */
export async function makeLogin(
  sessions: InsertSession & LimitQueries,
  user: User,
  { idleTtl = 1e6, maxAge = 1e6, ...changes }: Changes,
  now: Date,
  limit = 1_000_000
) {
  const client = { ip: null, userAgent: null, secretHash: null, accessTtl: 900 }
  const absoluteExpiresAt = new Date(now.getTime() + maxAge * 1000)
  const given = { kind: 'token' as const, remember: true, createdAt: now, absoluteExpiresAt, ...client, ...changes }
  const proof = { user, methods: ['pwd'], authenticatedAt: now }
  const asked = { options: { authType: given.kind } }
  const ends = { surplus: sessions.endOldest(user.id, limit - 1, now) }
  return (await sessions.insert(source, proof, given, idleTtl, now, { asked, ends, events: [] }))?.session ?? null
}

/** Revokes a session only in SQL, as another process does. */
export function revokeInSql(sessions: RevokeRows, sid: string, reason: RevokedReason, now: Date) {
  return sessions.markRevoked(source, sid, reason, now)
}
