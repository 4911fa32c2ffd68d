import { randomUUIDv7 } from 'node:crypto'
import { and, desc, eq, inArray, isNull, lt } from '../db/drizzle.ts'
import { firstIdAt } from '../db/ids.ts'
import type { Database, RunTransaction, Tables } from '../db/types.ts'
import { networkOf } from '../logging/client-address.ts'
import { type EventName, eventType } from './event-types.ts'
import { describe, type EventDetails, type EventSource, logEvent } from './log.ts'
import type { AuditEvent } from './tables.ts'

export type { EventSource } from './log.ts'
export type Audit = ReturnType<typeof createAudit>

const PAGE = 50
const BATCH = 200

/** Security events: each is logged, and those about an account are also stored in `audit_events`. */
export function createAudit(db: Database, { auditEvents }: Tables, transaction: RunTransaction) {
  function toRow(source: EventSource, event: EventName, details: EventDetails): AuditEvent {
    const known: Partial<AuditEvent> = describe(source, details)
    const { userId = null, sid = null, kind = null, reason = null, ip = null, userAgent = null } = known
    const requestId = 'id' in source ? source.id : null
    const network = ip === null ? null : networkOf(ip)
    const who = { userId, sid, kind, reason, ip, network, userAgent, requestId }
    return { id: randomUUIDv7(), event, ...who, createdAt: new Date() }
  }
  const toRows = (source: EventSource, names: EventName[], details: EventDetails) =>
    names.filter((name) => eventType(name).isStored).map((name) => toRow(source, name, details))

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
    /** The rows of events, for a caller that stores them in its own transaction and logs them after it. */
    toRows,
    /** Logs and stores events. Never rejects: what happened cannot be undone, and the log has it. */
    async record(source: EventSource, names: EventName | EventName[], details: EventDetails = {}) {
      const all = [names].flat()
      for (const name of all) logEvent(source, name, details)
      const rows = toRows(source, all, details)
      if (rows.length === 0) return
      try {
        await db.insert(auditEvents).values(rows)
      } catch (err) {
        source.log.error({ err }, 'a security event could not be stored')
      }
    },
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
    /** Whether this user has such an event from this network: an IPv4 address, or the /64 of an IPv6 address. */
    async hasEvent(event: EventName, userId: string, network: string) {
      const isFrom = and(eq(auditEvents.userId, userId), eq(auditEvents.network, network))
      const matches = and(isFrom, eq(auditEvents.event, event))
      const [found] = await db.select({ id: auditEvents.id }).from(auditEvents).where(matches).limit(1)
      return found !== undefined
    },
    /** Deletes a batch of events older than `before` (ASVS 5.0, 14.2.7). Returns whether there may be more. */
    deleteExpired: (before: Date) => deleteBatch(lt(auditEvents.createdAt, before), auditEvents.createdAt),
    /** The same for events without a user, which anyone can cause and no user can read. */
    deleteAnonymous: (before: Date) =>
      deleteBatch(and(isNull(auditEvents.userId), lt(auditEvents.id, firstIdAt(before))), auditEvents.id)
  }
}
