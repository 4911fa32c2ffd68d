import { defineAuditEvents, logged, stored } from '../../plugins/platform/audit/event-types.ts'

const events = defineAuditEvents({
  api_token_created: stored('info'),
  api_token_deleted: stored('info'),
  /** An API token was refused; `reason`: malformed, unknown, or expired. */
  api_token_invalid: logged('warn')
})

declare module '../../plugins/platform/audit/event-types.ts' {
  interface AuditEvents extends Record<keyof typeof events, true> {}
}
