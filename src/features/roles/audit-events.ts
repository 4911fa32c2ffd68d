import { defineAuditEvents, stored } from '../../plugins/platform/audit/event-types.ts'

const events = defineAuditEvents({
  user_banned: stored('warn'),
  user_unbanned: stored('info'),
  /** `reason`: the new role. */
  user_role_changed: stored('warn')
})

declare module '../../plugins/platform/audit/event-types.ts' {
  interface AuditEvents extends Record<keyof typeof events, true> {}
}
