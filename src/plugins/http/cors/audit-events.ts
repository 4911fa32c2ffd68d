import { defineAuditEvents, logged } from '../../platform/audit/event-types.ts'

const events = defineAuditEvents({
  malicious_cors: logged('warn')
})

declare module '../../platform/audit/event-types.ts' {
  interface AuditEvents extends Record<keyof typeof events, true> {}
}
