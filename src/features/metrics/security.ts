import { Counter, type Registry } from '@prometheus-io/client'
import { eventNames } from '../../plugins/platform/audit/event-types.ts'
import { onSecurityEvent } from '../../plugins/platform/audit/log.ts'

/**
 * Counts security events, logins, and token refreshes. All counters start at 0, because Prometheus sees no increase in a counter
 * that first appears at 1. Returns a function that stops counting.
 */
export function countSecurityEvents(registry: Registry) {
  const registers = [registry]
  const events = new Counter({
    name: 'security_events_total',
    help: 'Security events, by name as in the log',
    labelNames: ['event'],
    registers
  })
  const logins = new Counter({
    name: 'logins_total',
    help: 'Password checks for login and reauthentication: success or failure',
    labelNames: ['kind', 'result'],
    registers
  })
  const refreshes = new Counter({
    name: 'token_refreshes_total',
    help: 'Refresh tokens: rotated, repeated within REFRESH_GRACE (grace), or reused, which ends the session (reuse)',
    labelNames: ['result'],
    registers
  })
  for (const event of eventNames()) events.inc({ event }, 0)
  for (const kind of ['cookie', 'token']) for (const result of ['success', 'failure']) logins.inc({ kind, result }, 0)
  for (const result of ['rotated', 'grace', 'reuse']) refreshes.inc({ result }, 0)

  return onSecurityEvent(({ event, kind, reason, isRepeat }) => {
    events.inc({ event })
    if (event === 'authn_login_success') logins.inc({ kind: `${kind}`, result: 'success' })
    if (event === 'authn_login_fail') logins.inc({ kind: `${kind}`, result: 'failure' })
    if (event === 'authn_token_created' && reason === 'refresh')
      refreshes.inc({ result: isRepeat ? 'grace' : 'rotated' })
    if (event === 'session_expired' && reason === 'reuse') refreshes.inc({ result: 'reuse' })
  })
}
