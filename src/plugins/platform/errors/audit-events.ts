import { defineAuditEvents, logged } from '../audit/event-types.ts'

const events = defineAuditEvents({
  input_validation_fail: logged('info')
})

declare module '../audit/event-types.ts' {
  interface AuditEvents extends Record<keyof typeof events, true> {}
}
