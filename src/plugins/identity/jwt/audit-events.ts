import { defineAuditEvents, logged, stored } from '../../platform/audit/event-types.ts'

const events = defineAuditEvents({
  /** A spent refresh token was used again. */
  authn_token_reuse: stored('error'),
  authn_token_invalid: logged('warn')
})

declare module '../../platform/audit/event-types.ts' {
  interface AuditEvents extends Record<keyof typeof events, true> {}
}
