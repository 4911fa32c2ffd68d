import { loadSqlite } from './drizzle.ts'
import { REVOKED_REASONS } from './reasons.ts'

// The same tables as in schema.postgres.ts, with the same names and row types; types.ts fails to compile where they differ.
const sqlite = loadSqlite()
const time = (name: string) => sqlite.integer(name, { mode: 'timestamp_ms' })

export const users = sqlite.sqliteTable('users', {
  id: sqlite.text('id').primaryKey(),
  username: sqlite.text('username').notNull(),
  usernameKey: sqlite.text('username_key').notNull().unique(),
  email: sqlite.text('email').notNull(),
  emailKey: sqlite.text('email_key').notNull().unique(),
  name: sqlite.text('name').notNull(),
  passwordHash: sqlite.text('password_hash').notNull(),
  createdAt: time('created_at').notNull(),
  updatedAt: time('updated_at').notNull()
})

export const sessions = sqlite.sqliteTable(
  'sessions',
  {
    id: sqlite.text('id').primaryKey(),
    userId: sqlite.text('user_id').notNull(),
    kind: sqlite.text('kind', { enum: ['cookie', 'token'] }).notNull(),
    secretHash: sqlite.text('secret_hash').unique(),
    generation: sqlite.integer('generation').notNull(),
    rotatedAt: time('rotated_at').notNull(),
    refreshInCookie: sqlite.integer('refresh_in_cookie', { mode: 'boolean' }).notNull().default(false),
    accessTtl: sqlite.integer('access_ttl').notNull().default(86_400),
    createdAt: time('created_at').notNull(),
    lastSeenAt: time('last_seen_at').notNull(),
    authenticatedAt: time('authenticated_at').notNull(),
    expiresAt: time('expires_at').notNull(),
    absoluteExpiresAt: time('absolute_expires_at').notNull(),
    remember: sqlite.integer('remember', { mode: 'boolean' }).notNull(),
    ip: sqlite.text('ip'),
    userAgent: sqlite.text('user_agent'),
    revokedAt: time('revoked_at'),
    revocationPending: sqlite.integer('revocation_pending', { mode: 'boolean' }).notNull().default(false),
    revokedReason: sqlite.text('revoked_reason', { enum: REVOKED_REASONS })
  },
  (table) => [
    sqlite.index('sessions_user').on(table.userId),
    sqlite.index('sessions_revoked_id').on(table.revokedAt, table.id),
    sqlite.index('sessions_access_ttl').on(table.accessTtl),
    sqlite.index('sessions_expires').on(table.expiresAt)
  ]
)

export const auditEvents = sqlite.sqliteTable(
  'audit_events',
  {
    id: sqlite.text('id').primaryKey(),
    event: sqlite.text('event').notNull(),
    userId: sqlite.text('user_id'),
    sid: sqlite.text('sid'),
    kind: sqlite.text('kind', { enum: ['cookie', 'token'] }),
    reason: sqlite.text('reason'),
    ip: sqlite.text('ip'),
    network: sqlite.text('network'),
    userAgent: sqlite.text('user_agent'),
    requestId: sqlite.text('request_id'),
    createdAt: time('created_at').notNull()
  },
  (table) => [
    sqlite.index('audit_events_user').on(table.userId, table.id),
    sqlite.index('audit_events_network').on(table.userId, table.network),
    sqlite.index('audit_events_created').on(table.createdAt)
  ]
)

export const notes = sqlite.sqliteTable(
  'notes',
  {
    id: sqlite.text('id').primaryKey(),
    userId: sqlite
      .text('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    title: sqlite.text('title').notNull(),
    text: sqlite.text('text').notNull(),
    createdAt: time('created_at').notNull(),
    updatedAt: time('updated_at').notNull()
  },
  (table) => [sqlite.index('notes_user').on(table.userId, table.id)]
)
