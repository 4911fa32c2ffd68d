import { eq, sql } from '../../platform/db/drizzle.ts'
import type { Database, Tables } from '../../platform/db/types.ts'
import type { User } from './tables.ts'

type Credentials = Partial<Pick<User, 'passwordHash' | 'email' | 'emailKey'>>

/** The step that changes a user's password or email address. It invalidates every ticket and every proof from before. */
export const changeCredentials =
  (users: Tables['users'], id: string, changes: Credentials, now: Date) => (tx: Database) => {
    const raised = { credentialVersion: sql`${users.credentialVersion} + 1`, updatedAt: now }
    return tx
      .update(users)
      .set({ ...changes, ...raised })
      .where(eq(users.id, id))
      .returning({ id: users.id })
  }
