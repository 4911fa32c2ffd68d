import { defineAuditEvents, stored } from '../../plugins/platform/audit/event-types.ts'

const events = defineAuditEvents({
  /** The signature counter of a passkey did not rise: somebody may have copied it; `reason`: refused or synced. */
  authn_passkey_counter_fail: stored('warn')
})

declare module '../../plugins/platform/audit/event-types.ts' {
  interface AuditEvents extends Record<keyof typeof events, true> {}
}
