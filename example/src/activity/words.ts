/**
 * What each event means to the user, by the name of its type, or by its name and reason. Null: it only accompanies another event,
 * such as the token of a sign-in, so it is not shown.
 */
export const WORDS: Record<string, string | null> = {
  user_created: 'Account created',
  user_updated: 'Profile changed',
  user_deleted: 'Account deleted',
  user_banned: 'Account banned',
  user_unbanned: 'Ban lifted',
  user_role_changed: 'Role changed',
  authn_login_success: 'Signed in',
  'authn_login_success reauthentication': 'Password confirmed',
  authn_login_fail: 'Sign-in failed: wrong password',
  'authn_login_fail banned': 'Sign-in refused: the account was banned',
  authn_login_fail_max: 'Sign-in blocked for a while: too many wrong passwords',
  authn_password_change: 'Password changed',
  'authn_password_change reset': 'Password reset',
  authn_password_change_fail: 'Password change failed: wrong password',
  authn_password_reset_requested: 'Password reset requested',
  authn_mail_code_fail: 'Wrong code from an email entered',
  'authn_login_fail second factor': 'Sign-in failed: wrong code',
  authn_factor_added: 'Second factor added',
  'authn_factor_added totp': 'Authenticator app added',
  'authn_factor_added passkey': 'Passkey added',
  authn_factor_removed: 'Second factor removed',
  'authn_factor_removed totp': 'Authenticator app removed',
  'authn_factor_removed passkey': 'Passkey removed',
  'authn_factor_removed identity': 'Linked account removed',
  identity_linked: 'Account linked',
  authn_passkey_counter_fail: 'A passkey may have been copied',
  authn_recovery_codes_created: 'Recovery codes created',
  authn_recovery_code_used: 'Recovery code used',
  authn_login_lock: 'Authenticator app turned off: too many wrong codes',
  email_verified: 'Email address verified',
  email_change_requested: 'Change of the email address requested',
  email_changed: 'Email address changed',
  api_token_created: 'API token created',
  api_token_deleted: 'API token deleted',
  authn_token_created: null,
  authn_token_revoked: null,
  authn_token_reuse: 'Session ended: someone else may have had a copy of its token',
  session_created: null,
  session_renewed: null,
  session_expired: 'Session ended',
  'session_expired logout': 'Signed out',
  'session_expired revoked': 'Another session ended',
  'session_expired password': null,
  'session_expired limit': 'Oldest session ended: too many sessions',
  'session_expired idle': 'Session expired: not used for too long',
  'session_expired absolute': 'Session expired: sign in again from time to time',
  'session_expired reuse': null,
  'session_expired deletion': null,
  'session_expired ban': null,
  authz_fail: 'Refused: the password had to be confirmed first',
  'authz_fail permission': 'Refused: not permitted',
  'authz_fail ability': 'Refused: an API token was not allowed to do this',
  malicious_direct_reference: 'Tried to open something of another account'
}

type Event = { event: string; reason: string | null; userAgent: string | null; createdAt: string }

const SIGN_UP_MS = 60_000
/** The sign-in that follows a sign-up on the same device is part of it. */
const isPartOfSignUp = (event: Event, earlier: Event | undefined) =>
  event.event === 'authn_login_success' &&
  earlier?.event === 'user_created' &&
  event.userAgent === earlier.userAgent &&
  Date.parse(event.createdAt) - Date.parse(earlier.createdAt) < SIGN_UP_MS

/** The events to show, newest first as they came, each with its words. */
export function describeEvents<E extends Event>(events: E[]) {
  const described = events.flatMap((event) => {
    const byReason = WORDS[`${event.event} ${event.reason}`]
    const words = byReason === undefined ? WORDS[event.event] : byReason
    return words ? [{ ...event, words }] : []
  })
  return described.filter((event, index) => !isPartOfSignUp(event, described[index + 1]))
}
