import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Settings } from '../config/settings.ts'
import { clientAddress } from '../input/address.ts'
import { serializeError } from './serializers.ts'

// Nothing logs these today. Should a line one day hold one of them, it stays out as a whole: pino's own redaction by
// patterns costs each line 10 µs.
const SENSITIVE = [
  'req',
  'res',
  'request',
  'reply',
  'headers',
  'cookies',
  'body',
  'query',
  'params',
  'password',
  'token'
]
const omitted = Object.fromEntries(SENSITIVE.map((name) => [name, () => '[omitted]']))

/** Pino's options: JSON, a line each, times in UTC, levels by name. */
export function loggerOptions(settings: Settings) {
  return {
    level: settings.LOG_LEVEL,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (level: string) => ({ level }) },
    serializers: { ...omitted, err: (error: unknown) => serializeError(error) }
  }
}

/** The line of a request; without a reply: the client gave it up. */
export function logRequest(request: FastifyRequest, reply: FastifyReply | null) {
  const line = {
    method: request.method,
    // The pattern, never the address: what was typed there may be a secret.
    route: request.routeOptions.url ?? null,
    status: reply?.statusCode,
    durationMs: reply ? Math.round(reply.elapsedTime * 10) / 10 : undefined,
    ip: clientAddress(request),
    userId: request.account?.userId
  }
  request.log.info(line, reply ? 'request' : 'request aborted')
}

/** A stream that a person can read, for a terminal; undefined (JSON) where output goes elsewhere or pino-pretty is missing. */
export async function terminalStream(isTerminal: boolean) {
  if (!isTerminal) return undefined
  const pretty = await import('pino-pretty').catch(() => null)
  return pretty?.default({
    sync: true,
    colorize: true,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'event,requestId,ip,userId,method,route,status,durationMs,address',
    messageFormat: ({ msg, method, route, status, durationMs }) =>
      method ? `${method} ${route ?? 'no route'} ${status ?? msg} ${durationMs ?? '-'} ms` : `${msg}`
  })
}
