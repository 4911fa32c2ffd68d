import { channel } from 'node:diagnostics_channel'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { clientAddress } from '../logging/client-address.ts'
import { type EventName, eventTypes } from './event-types.ts'
import type { AuditEvent } from './tables.ts'

/** Where an event comes from: a request, or a logger where there is none. */
export type EventSource = FastifyRequest | { log: FastifyBaseLogger }
/** What is known of it; the account of the request is there by itself. Other members go to the log alone. */
export type EventDetails = Partial<Pick<AuditEvent, 'userId' | 'sid' | 'kind' | 'reason'>> & Record<string, unknown>

/** A security event as its line in the log says it. */
export type SaidEvent = { event: EventName } & EventDetails

// Nobody listens unless a part asks to: then it costs nothing.
const said = channel('security-event')

/** Tells a listener of each security event of this process, until the function that it gives is called. */
export function onSecurityEvent(listener: (event: SaidEvent) => void) {
  const receive = (message: unknown) => listener(message as SaidEvent)
  said.subscribe(receive)
  return () => said.unsubscribe(receive)
}

/** The members that each line and each row has, as far as they are known. */
export function describe(source: EventSource, details: EventDetails) {
  if (!('headers' in source)) return details
  const { account, headers } = source
  const known = account && { userId: account.userId, sid: account.sid, kind: account.kind }
  return { ip: clientAddress(source), userAgent: headers['user-agent']?.slice(0, 256), ...known, ...details }
}

/** One line for a security event; the level is that of the vocabulary unless told otherwise. */
export function logEvent(source: EventSource, event: EventName, details: EventDetails = {}, level?: 'warn') {
  const line: SaidEvent = { event, ...describe(source, details) }
  source.log[level ?? eventTypes[event].level](line, event)
  said.publish(line)
}
