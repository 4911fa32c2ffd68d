import { defineAuditEvents, stored } from '../../plugins/platform/audit/event-types.ts'

const events = defineAuditEvents({
  authn_recovery_codes_created: stored('info'),
  authn_recovery_code_used: stored('warn'),
  /** After too many wrong codes in a row, the authenticator is off. */
  authn_login_lock: stored('warn')
})

declare module '../../plugins/platform/audit/event-types.ts' {
  interface AuditEvents extends Record<keyof typeof events, true> {}
}
