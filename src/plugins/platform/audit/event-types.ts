/** How an event is logged, and whether it is also stored for its user. */
type EventType = { level: 'info' | 'warn' | 'error'; isStored: boolean }

/** The declared events, by name. Each concern declares its own in `audit-events.ts`. */
// biome-ignore lint/suspicious/noEmptyInterface: concerns add their events by declaration merging
export interface AuditEvents {}
export type EventName = keyof AuditEvents
/** Details of an event. The account of a request is added automatically; members that are not named here are only logged. */
export type EventDetails = {
  userId?: string | null
  sid?: string | null
  kind?: 'cookie' | 'token' | null
  reason?: string | null
} & Record<string, unknown>
/** Something that happened, with its details. */
export type Event = readonly [EventName, EventDetails]

/** For an event that anyone can cause as often as the rate limit allows: it is never stored. */
export const logged = (level: EventType['level']): EventType => ({ level, isStored: false })
/** For an event that a user may read later: it is logged and stored. */
export const stored = (level: EventType['level']): EventType => ({ level, isStored: true })

const eventTypes: Record<string, EventType> = {}

/** Declares the events of a concern. Names follow the OWASP logging vocabulary where it has one. */
export function defineAuditEvents<T extends Record<string, EventType>>(types: T) {
  Object.assign(eventTypes, types)
  return types
}

/** The names of all declared events. */
export const eventNames = () => Object.keys(eventTypes)
/** The type of a declared event. */
export const eventType = (name: EventName) => eventTypes[name] as EventType
