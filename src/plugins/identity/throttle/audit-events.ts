import { defineAuditEvents, stored } from '../../platform/audit/event-types.ts'

const events = defineAuditEvents({
  /** A throttle starts to refuse logins; `reason` says which one. */
  authn_login_fail_max: stored('warn')
})

declare module '../../platform/audit/event-types.ts' {
  interface AuditEvents extends Record<keyof typeof events, true> {}
}
