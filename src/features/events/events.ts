import { randomUUIDv7 } from 'node:crypto'
import type { EventStore } from '../../plugins/platform/audit/audit.ts'
import type { Event } from '../../plugins/platform/audit/event-types.ts'
import { describe, type EventSource } from '../../plugins/platform/audit/log.ts'
import { and, desc, eq, inArray, isNull, lt } from '../../plugins/platform/db/drizzle.ts'
import { firstIdAt } from '../../plugins/platform/db/ids.ts'
import type { Database, RunTransaction, Tables } from '../../plugins/platform/db/types.ts'
import { networkOf } from '../../plugins/platform/logging/client-address.ts'
import type { AuditEvent } from './tables.ts'

export type Events = ReturnType<typeof createEvents>

const PAGE = 50
const BATCH = 200

function toRow(source: EventSource, [event, details]: Event): AuditEvent {
  const known: Partial<AuditEvent> = describe(source, details)
  const { userId = null, sid = null, kind = null, reason = null, ip = null, userAgent = null } = known
  const requestId = 'id' in source ? source.id : null
  const network = ip === null ? null : networkOf(ip)
  const who = { userId, sid, kind, reason, ip, network, userAgent, requestId }
  return { id: randomUUIDv7(), event, ...who, createdAt: new Date() }
}

/** The security events in `audit_events`. */
export function createEvents(db: Database, { auditEvents }: Tables, transaction: RunTransaction) {
  const store: EventStore = {
    insert(tx, source, events) {
      const rows = events.map((event) => toRow(source, event))
      return tx.insert(auditEvents).values(rows).returning({ id: auditEvents.id })
    },
    async hasEvent(event, userId, network) {
      const isFrom = and(eq(auditEvents.userId, userId), eq(auditEvents.network, network))
      const matches = and(isFrom, eq(auditEvents.event, event))
      const [found] = await db.select({ id: auditEvents.id }).from(auditEvents).where(matches).limit(1)
      return found !== undefined
    }
  }

  async function deleteBatch(
    which: ReturnType<typeof and>,
    order: typeof auditEvents.createdAt | typeof auditEvents.id
  ) {
    const rows = await transaction({
      steps: {
        deleted: (tx) => {
          const some = tx.select({ id: auditEvents.id }).from(auditEvents).where(which).orderBy(order).limit(BATCH)
          return tx.delete(auditEvents).where(inArray(auditEvents.id, some)).returning({ id: auditEvents.id })
        }
      },
      skipIfLocked: true
    })
    return rows?.deleted.length === BATCH
  }

  return {
    store,
    /** A page of the events of a user, newest first, starting after the event with the id `cursor`. */
    async list(userId: string, cursor: string | undefined) {
      const before = cursor === undefined ? undefined : lt(auditEvents.id, cursor)
      const own = and(eq(auditEvents.userId, userId), before)
      const found = await db
        .select()
        .from(auditEvents)
        .where(own)
        .orderBy(desc(auditEvents.id))
        .limit(PAGE + 1)
      const page = found.slice(0, PAGE)
      return { events: page, nextCursor: found.length > PAGE ? (page.at(-1)?.id ?? null) : null }
    },
    /** Deletes a batch of events older than `before` (ASVS 5.0, 14.2.7). Returns whether there may be more. */
    deleteExpired: (before: Date) => deleteBatch(lt(auditEvents.createdAt, before), auditEvents.createdAt),
    /** The same for events without a user, which anyone can cause and no user can read. */
    deleteAnonymous: (before: Date) =>
      deleteBatch(and(isNull(auditEvents.userId), lt(auditEvents.id, firstIdAt(before))), auditEvents.id)
  }
}
