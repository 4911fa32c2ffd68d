import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Settings } from '../config/settings.ts'
import { serializeError } from './serializers.ts'

/** Pino's options: JSON, a line each, times in UTC, levels by name. */
export function loggerOptions(settings: Settings) {
  return {
    level: settings.LOG_LEVEL,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (level: string) => ({ level }) },
    serializers: { err: (error: unknown) => serializeError(error) },
    // Nothing logs these today; should a line one day hold a request or a body, they still stay out.
    redact: [
      '*.password',
      '*.newPassword',
      '*.currentPassword',
      '*.authorization',
      '*.cookie',
      '*.accessToken',
      '*.refreshToken'
    ]
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
    ip: request.ip,
    userId: request.account?.userId
  }
  request.log.info(line, reply ? 'request' : 'request aborted')
}

/** A stream that a person can read, for a terminal; undefined (JSON) where output goes elsewhere or pino-pretty is missing. */
export async function terminalStream(isTerminal: boolean) {
  if (!isTerminal) return undefined
  const pretty = await import('pino-pretty').catch(() => null)
  return pretty?.default({ sync: true, colorize: true, translateTime: 'SYS:HH:MM:ss', ignore: 'event,requestId,ip' })
}
