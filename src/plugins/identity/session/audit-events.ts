import { defineAuditEvents, logged } from '../../platform/audit/event-types.ts'

const events = defineAuditEvents({
  session_use_after_expire: logged('warn'),
  session_signature_fail: logged('warn')
})

declare module '../../platform/audit/event-types.ts' {
  interface AuditEvents extends Record<keyof typeof events, true> {}
}
