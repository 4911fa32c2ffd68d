import { defineAuditEvents, stored } from '../../platform/audit/event-types.ts'

const events = defineAuditEvents({
  user_created: stored('info'),
  user_updated: stored('info'),
  user_deleted: stored('info')
})

declare module '../../platform/audit/event-types.ts' {
  interface AuditEvents extends Record<keyof typeof events, true> {}
}
