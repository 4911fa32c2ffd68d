import { channel } from 'node:diagnostics_channel'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { clientAddress } from '../logging/client-address.ts'
import { type EventDetails, type EventName, eventType } from './event-types.ts'

/** What caused an event: a request, or the logger of a background job. */
export type EventSource = FastifyRequest | { log: FastifyBaseLogger }

/** A security event as it is logged. */
export type LoggedEvent = { event: string } & EventDetails

// Publishing costs nothing while nothing subscribes.
const securityEvents = channel('security-event')

/** Calls the listener for each security event of this process, with what caused it. Returns a function that unsubscribes it. */
export function onSecurityEvent(listener: (event: LoggedEvent, source: EventSource) => void) {
  const receive = (message: unknown) => {
    const { line, source } = message as { line: LoggedEvent; source: EventSource }
    listener(line, source)
  }
  securityEvents.subscribe(receive)
  return () => securityEvents.unsubscribe(receive)
}

/** The members that every line and every row has, as far as they are known. */
export function describe(source: EventSource, details: EventDetails) {
  if (!('headers' in source)) return details
  const { account, headers } = source
  const known = account && { userId: account.userId, sid: account.sid, kind: account.kind }
  return { ip: clientAddress(source), userAgent: headers['user-agent']?.slice(0, 256), ...known, ...details }
}

/** Logs a security event, at the declared level unless `level` overrides it. */
export function logEvent(source: EventSource, event: EventName, details: EventDetails = {}, level?: 'warn') {
  const line: LoggedEvent = { event, ...describe(source, details) }
  source.log[level ?? eventType(event).level](line, event)
  if (securityEvents.hasSubscribers) securityEvents.publish({ line, source })
}
