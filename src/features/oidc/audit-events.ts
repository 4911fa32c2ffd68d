import { defineAuditEvents, stored } from '../../plugins/platform/audit/event-types.ts'

const events = defineAuditEvents({
  /** An account of a provider can now log in; `reason`: the name of the provider. */
  identity_linked: stored('info')
})

declare module '../../plugins/platform/audit/event-types.ts' {
  interface AuditEvents extends Record<keyof typeof events, true> {}
}
