import type { Audit, EventSource } from '../../platform/audit/audit.ts'
import type { EventName } from '../../platform/audit/event-types.ts'
import { logEvent } from '../../platform/audit/log.ts'
import type { AuditEvent } from '../../platform/audit/tables.ts'
import type { Step, Tables } from '../../platform/db/types.ts'
import type { RevokedReason, Session } from './tables.ts'

/** How many of the logins that one call ends get a log line and a row. An account has no more than that. */
const MAX_RECORDED = 1000
/** The reasons that the event has beside those of time. */
const EVENT_REASONS: Partial<Record<RevokedReason, string>> = { all: 'revoked', replaced: 'revoked' }

type Ended = { names: EventName[]; details: Pick<AuditEvent, 'userId' | 'sid' | 'kind' | 'reason'> }

/** What there is to say of a login that was ended. A renewed one lives on in another. */
function describe({ revokedReason, userId, id: sid, kind }: Session): Ended[] {
  if (revokedReason === null || revokedReason === 'renewed') return []
  const names: EventName[] = ['session_expired', ...(kind === 'token' ? (['authn_token_revoked'] as const) : [])]
  return [{ names, details: { userId, sid, kind, reason: EVENT_REASONS[revokedReason] ?? revokedReason } }]
}

const toEnded = (sessions: Session[]) => sessions.slice(0, MAX_RECORDED).flatMap(describe)

/** Stores the events of logins in the transaction that ends them; `endedBy` names the steps that return the ended ones. */
export function createEndedEvents(audit: Audit, { auditEvents }: Tables) {
  return {
    store(source: EventSource, endedBy: string[], others: AuditEvent[] = []): Step<Pick<AuditEvent, 'id'>> {
      return (tx, done) => {
        const ended = toEnded(endedBy.flatMap((step) => done[step] as Session[]))
        const rows = ended.flatMap(({ names, details }) => audit.toRows(source, names, details))
        const all = [...others, ...rows]
        return all.length === 0 ? null : tx.insert(auditEvents).values(all).returning({ id: auditEvents.id })
      }
    },
    /** Their lines in the log, once the transaction is done. */
    log(source: EventSource, sessions: Session[]) {
      for (const { names, details } of toEnded(sessions)) for (const name of names) logEvent(source, name, details)
    }
  }
}
