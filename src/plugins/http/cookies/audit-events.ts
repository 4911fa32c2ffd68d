import { defineAuditEvents, logged } from '../../platform/audit/event-types.ts'

const events = defineAuditEvents({
  malicious_csrf: logged('warn')
})

declare module '../../platform/audit/event-types.ts' {
  interface AuditEvents extends Record<keyof typeof events, true> {}
}
