/**
 * Why a login was ended: by its own logout, by the list of logins, by ending all of them, by a login in its place, by being
 * renewed itself, by a password change or the end of the account, since a spent refresh token came back, or because the account
 * had more logins than MAX_SESSIONS_PER_USER.
 */
export const REVOKED_REASONS = [
  'logout',
  'revoked',
  'all',
  'replaced',
  'renewed',
  'password',
  'deletion',
  'reuse',
  'limit'
] as const
