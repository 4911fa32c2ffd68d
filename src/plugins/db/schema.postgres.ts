import { pg } from './drizzle.ts'

const time = (name: string) => pg.timestamp(name, { withTimezone: true, precision: 3, mode: 'date' })

export const users = pg.pgTable('users', {
  id: pg.uuid('id').primaryKey(),
  username: pg.text('username').notNull(),
  /** The user name after NFKC and case folding: what must be unique. */
  usernameKey: pg.text('username_key').notNull().unique(),
  email: pg.text('email').notNull(),
  emailKey: pg.text('email_key').notNull().unique(),
  name: pg.text('name').notNull(),
  passwordHash: pg.text('password_hash').notNull(),
  createdAt: time('created_at').notNull(),
  updatedAt: time('updated_at').notNull()
})

/** One row a login. No foreign key: revoked logins outlive their user until no access token of them can be alive. */
export const sessions = pg.pgTable(
  'sessions',
  {
    id: pg.uuid('id').primaryKey(),
    userId: pg.uuid('user_id').notNull(),
    kind: pg.text('kind', { enum: ['cookie', 'token'] }).notNull(),
    /** SHA-256 of the secret in the cookie; null for a token login. */
    secretHash: pg.text('secret_hash').unique(),
    generation: pg.integer('generation').notNull(),
    rotatedAt: time('rotated_at').notNull(),
    createdAt: time('created_at').notNull(),
    lastSeenAt: time('last_seen_at').notNull(),
    authenticatedAt: time('authenticated_at').notNull(),
    expiresAt: time('expires_at').notNull(),
    absoluteExpiresAt: time('absolute_expires_at').notNull(),
    remember: pg.boolean('remember').notNull(),
    ip: pg.text('ip'),
    userAgent: pg.text('user_agent'),
    revokedAt: time('revoked_at'),
    /** Somebody who has to know of the revocation could not be told: the call that made it may be repeated. */
    revocationPending: pg.boolean('revocation_pending').notNull().default(false),
    revokedReason: pg.text('revoked_reason', { enum: ['logout', 'replaced', 'revoked', 'reuse'] })
  },
  (table) => [pg.index('sessions_user').on(table.userId), pg.index('sessions_revoked').on(table.revokedAt)]
)

/** The example resource of src/routes/notes: to copy or to delete. */
export const notes = pg.pgTable(
  'notes',
  {
    id: pg.uuid('id').primaryKey(),
    userId: pg
      .uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    title: pg.text('title').notNull(),
    text: pg.text('text').notNull(),
    createdAt: time('created_at').notNull(),
    updatedAt: time('updated_at').notNull()
  },
  (table) => [pg.index('notes_user').on(table.userId, table.id)]
)
