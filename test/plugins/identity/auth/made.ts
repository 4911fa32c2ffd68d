import { pino } from 'pino'
import type { Endings } from '../../../../src/plugins/identity/auth/endings.ts'
import type { RevokedReason } from '../../../../src/plugins/identity/auth/tables.ts'
import type { FirstSession, Transactions } from '../../../../src/plugins/identity/auth/transactions.ts'
import type { User } from '../../../../src/plugins/identity/users/tables.ts'

/** Where the events of a test come from that looks at none. */
export const source = { log: pino({ level: 'silent' }) }

const token: FirstSession = {
  kind: 'token',
  secretHash: null,
  remember: true,
  ip: null,
  userAgent: null,
  accessTtl: 900,
  idleTtl: 1e6,
  maxAge: 1e6
}

/** A login in SQL, by token unless told otherwise; null where the user is not as given. */
export async function makeLogin(
  sessions: Transactions,
  user: User,
  changes: Partial<FirstSession>,
  now: Date,
  limit = 1_000_000
) {
  const others = { source, replaced: null, limit, toEvents: () => [] }
  return (await sessions.create(user, { ...token, ...changes }, now, others))?.login ?? null
}

/** Revokes a login in SQL alone, as another process does. */
export function revokeInSql(sessions: Endings, sid: string, reason: RevokedReason, now: Date) {
  return sessions.markRevoked(source, sid, reason, now)
}
