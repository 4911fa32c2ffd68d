import { defineTable } from '../../plugins/platform/db/tables.ts'

declare module '../../plugins/platform/db/tables.ts' {
  interface Tables {
    totp: ReturnType<typeof totp>
    recoveryCodes: ReturnType<typeof recoveryCodes>
  }
}

/** The authenticator app of a user, and the codes that were tried. */
export const totp = defineTable('totp', (column, tables) => ({
  userId: column
    .uuid('user_id')
    .primaryKey()
    .references(() => tables.users.id, { onDelete: 'cascade' }),
  /** The shared secret, encrypted (encryption.ts). */
  secret: column.text('secret').notNull(),
  /** Null until the user has typed the first code. */
  confirmedAt: column.time('confirmed_at'),
  /** The last time step whose code was accepted: it and earlier ones are spent (RFC 6238, 5.2). */
  lastStep: column.integer('last_step').notNull().default(0),
  /** Wrong codes since the last right one. */
  failures: column.integer('failures').notNull().default(0),
  /** Wrong codes within the hour that ends at `hourEndsAt`. */
  failuresInHour: column.integer('failures_in_hour').notNull().default(0),
  hourEndsAt: column.time('hour_ends_at').notNull(),
  /** The next code may be tried from then on. */
  nextTryAt: column.time('next_try_at').notNull()
}))

/** The codes for a user who has lost the authenticator. */
export const recoveryCodes = defineTable(
  'recovery_codes',
  (column, tables) => ({
    /** SHA-256: a code has 120 random bits, so there is nothing to guess. */
    hash: column.text('hash').primaryKey(),
    userId: column
      .uuid('user_id')
      .notNull()
      .references(() => tables.users.id, { onDelete: 'cascade' })
  }),
  (table, index) => [index('recovery_codes_user').on(table.userId)]
)
