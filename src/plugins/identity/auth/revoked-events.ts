import type { Audit, EventSource } from '../../platform/audit/audit.ts'
import type { Event, EventName } from '../../platform/audit/event-types.ts'
import { logEvent } from '../../platform/audit/log.ts'
import type { Step } from '../../platform/db/types.ts'
import type { RevokedReason, Session } from './tables.ts'

/** A call logs and stores events for at most this many sessions. An account has no more. */
const MAX_RECORDED = 1000
/** Reasons that the event calls by another name. */
const EVENT_REASONS: Partial<Record<RevokedReason, string>> = { all: 'revoked', replaced: 'revoked' }

/** The events of a revoked session; none for a renewed one, which goes on under another id. */
function toEvents({ revokedReason, userId, id: sid, kind }: Session): Event[] {
  if (revokedReason === null || revokedReason === 'renewed') return []
  const names: EventName[] = kind === 'token' ? ['session_expired', 'authn_token_revoked'] : ['session_expired']
  const details = { userId, sid, kind, reason: EVENT_REASONS[revokedReason] ?? revokedReason }
  return names.map((name) => [name, details])
}
const toAllEvents = (revoked: Session[]) => revoked.slice(0, MAX_RECORDED).flatMap(toEvents)

/** The events of sessions that a transaction revokes. */
export function createRevokedEvents(audit: Audit) {
  return {
    /** The step that stores them, with `others`; `revokedBy` names the steps that return the revoked sessions. */
    store(source: EventSource, revokedBy: string[], others: readonly Event[] = []): Step<{ id: string }> {
      return (tx, done) => {
        const revoked = revokedBy.flatMap((step) => done[step] as Session[])
        return audit.insert(tx, source, [...others, ...toAllEvents(revoked)])
      }
    },
    /** Logs them; to be called after the commit. */
    log(source: EventSource, revoked: Session[]) {
      for (const [name, details] of toAllEvents(revoked)) logEvent(source, name, details)
    }
  }
}
