import { defineAuditEvents, stored } from '../../platform/audit/event-types.ts'

const events = defineAuditEvents({
  authn_login_success: stored('info'),
  authn_login_fail: stored('warn'),
  authn_password_change: stored('info'),
  authn_password_change_fail: stored('warn'),
  /** A way to log in next to the password; `reason` says which kind, or `shell` if an operator did it. */
  authn_factor_added: stored('info'),
  authn_factor_removed: stored('warn'),
  session_created: stored('info'),
  session_renewed: stored('info'),
  /** A session of either transport ended; `reason`: logout, idle, absolute, revoked, password, factor, deletion, ban, reuse or limit. */
  session_expired: stored('info'),
  /** With a session whose transport is `token`. */
  authn_token_created: stored('info'),
  authn_token_revoked: stored('info'),
  authz_fail: stored('warn'),
  malicious_direct_reference: stored('warn')
})

declare module '../../platform/audit/event-types.ts' {
  interface AuditEvents extends Record<keyof typeof events, true> {}
}
