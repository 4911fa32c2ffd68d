import { loadPostgres } from './drizzle.ts'
import { REVOKED_REASONS } from './reasons.ts'

const pg = loadPostgres()
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
    /** Its refresh token is in a cookie of the browser, and never in a reply. */
    refreshInCookie: pg.boolean('refresh_in_cookie').notNull().default(false),
    /** The longest life of an access token that was issued for it, in seconds; the default is for rows from before this column. */
    accessTtl: pg.integer('access_ttl').notNull().default(86_400),
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
    revokedReason: pg.text('revoked_reason', { enum: REVOKED_REASONS })
  },
  (table) => [
    pg.index('sessions_user').on(table.userId),
    pg.index('sessions_revoked_id').on(table.revokedAt, table.id),
    pg.index('sessions_access_ttl').on(table.accessTtl),
    pg.index('sessions_expires').on(table.expiresAt)
  ]
)

/** What happened to logins and accounts. Rows are only added, and outlive their user; see events for how long they are kept. */
export const auditEvents = pg.pgTable(
  'audit_events',
  {
    id: pg.uuid('id').primaryKey(),
    event: pg.text('event').notNull(),
    userId: pg.uuid('user_id'),
    sid: pg.uuid('sid'),
    kind: pg.text('kind', { enum: ['cookie', 'token'] }),
    reason: pg.text('reason'),
    ip: pg.text('ip'),
    /** What counts as one client: the address, of IPv6 the /64. */
    network: pg.text('network'),
    userAgent: pg.text('user_agent'),
    requestId: pg.text('request_id'),
    createdAt: time('created_at').notNull()
  },
  (table) => [
    pg.index('audit_events_user').on(table.userId, table.id),
    pg.index('audit_events_network').on(table.userId, table.network),
    pg.index('audit_events_created').on(table.createdAt)
  ]
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
