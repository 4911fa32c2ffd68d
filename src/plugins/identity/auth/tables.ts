import { defineTable, type Tables } from '../../platform/db/tables.ts'

declare module '../../platform/db/tables.ts' {
  interface Tables {
    sessions: ReturnType<typeof sessions>
  }
}

export type Session = Tables['sessions']['$inferSelect']
export type RevokedReason = (typeof REVOKED_REASONS)[number]

/** Why a session was revoked. */
export const REVOKED_REASONS = [
  /** The user logged out of it. */
  'logout',
  /** The user ended it in the list of sessions. */
  'revoked',
  /** The user ended all sessions. */
  'all',
  /** A login in the same browser took its place. */
  'replaced',
  /** It was renewed, with a new secret. */
  'renewed',
  /** The password changed. */
  'password',
  /** The email address changed. */
  'email',
  /** A second factor was set up. */
  'factor',
  /** The account was deleted. */
  'deletion',
  /** The account was banned. */
  'ban',
  /** A spent refresh token was used again. */
  'reuse',
  /** The account had more sessions than MAX_SESSIONS_PER_USER. */
  'limit'
] as const

/** No foreign key to users: a revoked session outlives its user until none of its access tokens can be valid. */
export const sessions = defineTable(
  'sessions',
  (column) => ({
    id: column.uuid('id').primaryKey(),
    userId: column.uuid('user_id').notNull(),
    kind: column.text('kind', { enum: ['cookie', 'token'] }).notNull(),
    /** SHA-256 of the secret in the cookie; null for a token session. */
    secretHash: column.text('secret_hash').unique(),
    generation: column.integer('generation').notNull(),
    rotatedAt: column.time('rotated_at').notNull(),
    /** The refresh token travels in a cookie, never in a reply body. */
    refreshInCookie: column.boolean('refresh_in_cookie').notNull().default(false),
    /** The longest lifetime of an access token issued for it, in seconds. The default covers rows older than this column. */
    accessTtl: column.integer('access_ttl').notNull().default(86_400),
    createdAt: column.time('created_at').notNull(),
    lastSeenAt: column.time('last_seen_at').notNull(),
    authenticatedAt: column.time('authenticated_at').notNull(),
    /** How the user authenticated, as names of RFC 8176 with spaces between; null for rows older than this column: by password. */
    methods: column.text('methods'),
    expiresAt: column.time('expires_at').notNull(),
    absoluteExpiresAt: column.time('absolute_expires_at').notNull(),
    remember: column.boolean('remember').notNull(),
    ip: column.text('ip'),
    userAgent: column.text('user_agent'),
    revokedAt: column.time('revoked_at'),
    /** Not every cache has learned of the revocation yet: the call that made it may be repeated. */
    revocationPending: column.boolean('revocation_pending').notNull().default(false),
    revokedReason: column.text('revoked_reason', { enum: REVOKED_REASONS })
  }),
  (table, index) => [
    index('sessions_user').on(table.userId),
    index('sessions_revoked_id').on(table.revokedAt, table.id),
    index('sessions_access_ttl').on(table.accessTtl),
    index('sessions_expires').on(table.expiresAt)
  ]
)
