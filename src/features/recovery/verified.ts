import type { FastifyRequest } from 'fastify'
import { userIdOf } from '../../plugins/identity/auth/account.ts'
import type { Audit } from '../../plugins/platform/audit/audit.ts'
import { and, eq, sql } from '../../plugins/platform/db/drizzle.ts'
import type { Database, PrepareOne, Tables } from '../../plugins/platform/db/types.ts'
import { EmailNotVerified } from './errors.ts'

export type Verified = ReturnType<typeof createVerified>

/** Which users have proven to own their address. */
export function createVerified(db: Database, { verifiedEmails, users }: Tables, prepareOne: PrepareOne) {
  const isCurrent = and(eq(users.id, verifiedEmails.userId), eq(users.emailKey, verifiedEmails.emailKey))
  const found = prepareOne(
    db
      .select({ userId: verifiedEmails.userId })
      .from(verifiedEmails)
      .innerJoin(users, isCurrent)
      .where(eq(verifiedEmails.userId, sql.placeholder('userId'))),
    'verified_email'
  )

  return {
    isVerified: async (userId: string) => (await found({ userId })) !== null,
    /** The step that stores that a user owns an address. */
    verify: (userId: string, emailKey: string, now: Date) => (tx: Database) => {
      const row = { emailKey, verifiedAt: now }
      return tx
        .insert(verifiedEmails)
        .values({ userId, ...row })
        .onConflictDoUpdate({ target: verifiedEmails.userId, set: row })
        .returning()
    }
  }
}

export type RequireVerified = ReturnType<typeof createRequireVerified>

export function createRequireVerified({ isVerified }: Verified, audit: Audit) {
  return async function requireVerified(request: FastifyRequest) {
    if (await isVerified(userIdOf(request))) return
    await audit.record(request, 'authz_fail', { reason: 'email not verified' })
    throw new EmailNotVerified()
  }
}
