import type { Database } from '../db/types.ts'
import { type Event, type EventDetails, type EventName, eventType } from './event-types.ts'
import { type EventSource, logEvent } from './log.ts'

export type { EventSource } from './log.ts'
export type Audit = ReturnType<typeof createAudit>

/** Where security events are stored, in the transaction of what they are about. */
export type EventStore = {
  /** The statement that inserts these events. */
  insert(db: Database, source: EventSource, events: Event[]): PromiseLike<{ id: string }[]>
  /** Whether this user has such an event from this network: an IPv4 address, or the /64 of an IPv6 address. */
  hasEvent(event: EventName, userId: string, network: string): Promise<boolean>
}

/** Security events: each is logged, and those about an account are also stored, if there is a store. */
export function createAudit(db: Database) {
  let store: EventStore | null = null

  /** The statement that stores events; null if there is nothing to store. Its caller logs them after the commit. */
  function insert(tx: Database, source: EventSource, events: readonly Event[]) {
    const kept = events.filter(([name]) => eventType(name).isStored)
    return store === null || kept.length === 0 ? null : store.insert(tx, source, kept)
  }

  return {
    /** Sets the store. Without one, events are only logged. */
    storeIn(given: EventStore) {
      store = given
    },
    insert,
    /** Logs and stores events. Never rejects: what happened cannot be undone, and the log has it. */
    async record(source: EventSource, names: EventName | EventName[], details: EventDetails = {}) {
      const events = [names].flat().map((name) => [name, details] as const)
      for (const [name] of events) logEvent(source, name, details)
      try {
        await insert(db, source, events)
      } catch (err) {
        source.log.error({ err }, 'a security event could not be stored')
      }
    },
    /** Whether a user has such an event from this network; false if nothing is stored. */
    hasEvent: async (event: EventName, userId: string, network: string) =>
      store === null ? false : store.hasEvent(event, userId, network)
  }
}
