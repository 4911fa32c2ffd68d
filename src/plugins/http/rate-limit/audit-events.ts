import { defineAuditEvents, logged } from '../../platform/audit/event-types.ts'

const events = defineAuditEvents({
  excess_rate_limit_exceeded: logged('warn')
})

declare module '../../platform/audit/event-types.ts' {
  interface AuditEvents extends Record<keyof typeof events, true> {}
}
