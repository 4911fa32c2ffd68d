import { defineAuditEvents, stored } from '../../plugins/platform/audit/event-types.ts'

const events = defineAuditEvents({
  /** A password reset was asked for; also for an address without an account. */
  authn_password_reset_requested: stored('info'),
  email_verified: stored('info'),
  email_change_requested: stored('info'),
  email_changed: stored('info'),
  /** A wrong code from a mail; `reason`: what it was for. */
  authn_mail_code_fail: stored('warn')
})

declare module '../../plugins/platform/audit/event-types.ts' {
  interface AuditEvents extends Record<keyof typeof events, true> {}
}
