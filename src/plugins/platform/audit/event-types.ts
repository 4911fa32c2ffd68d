type Kind = { level: 'info' | 'warn' | 'error'; isStored: boolean }

const stored = (level: Kind['level']): Kind => ({ level, isStored: true })
/** Anybody can cause these as often as requests are let through: they go to the log alone. */
const logged = (level: Kind['level']): Kind => ({ level, isStored: false })

/** The names of the OWASP logging vocabulary, and `session_signature_fail`, `authn_token_invalid` and `malicious_csrf`. */
export const eventTypes = {
  user_created: stored('info'),
  user_updated: stored('info'),
  user_deleted: stored('info'),
  authn_login_success: stored('info'),
  authn_login_fail: stored('warn'),
  /** A throttle begins to hold; `reason` says which. */
  authn_login_fail_max: stored('warn'),
  authn_password_change: stored('info'),
  authn_password_change_fail: stored('warn'),
  session_created: stored('info'),
  session_renewed: stored('info'),
  /** A login ends, of either kind; reason: logout, idle, absolute, revoked, password, deletion, reuse or limit. */
  session_expired: stored('info'),
  session_use_after_expire: logged('warn'),
  session_signature_fail: logged('warn'),
  authn_token_created: stored('info'),
  authn_token_revoked: stored('info'),
  /** A spent refresh token came back. */
  authn_token_reuse: stored('error'),
  authn_token_invalid: logged('warn'),
  authz_fail: stored('warn'),
  malicious_direct_reference: stored('warn'),
  malicious_csrf: logged('warn'),
  malicious_cors: logged('warn'),
  input_validation_fail: logged('info'),
  excess_rate_limit_exceeded: logged('warn')
} satisfies Record<string, Kind>

export type EventName = keyof typeof eventTypes
