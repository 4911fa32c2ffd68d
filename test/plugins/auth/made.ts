import { pino } from 'pino'
import type { Endings } from '../../../src/plugins/auth/endings.ts'
import type { NewLogin, Transactions } from '../../../src/plugins/auth/transactions.ts'
import type { RevokedReason, User } from '../../../src/plugins/db/types.ts'

/** Where the events of a test come from that looks at none. */
export const source = { log: pino({ level: 'silent' }) }

const token: NewLogin = {
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
  logins: Transactions,
  user: User,
  changes: Partial<NewLogin>,
  now: Date,
  limit = 1_000_000
) {
  const others = { source, replaced: null, limit, toEvents: () => [] }
  return (await logins.create(user, { ...token, ...changes }, now, others))?.login ?? null
}

/** Revokes a login in SQL alone, as another process does. */
export function revokeInSql(logins: Endings, sid: string, reason: RevokedReason, now: Date) {
  return logins.markRevoked(source, sid, reason, now)
}
