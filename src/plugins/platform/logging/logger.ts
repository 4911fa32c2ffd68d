import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Settings } from '../config/settings.ts'
import { clientAddress } from './client-address.ts'
import { createOutput } from './output.ts'
import { serializeError } from './serializers.ts'

// Nothing logs these members today. If a line ever has one, it is left out as a whole: pino's redaction by pattern costs each
// line 10 µs.
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

/** The time of a line. Formatting it is the most expensive part of a line, so lines of one millisecond share it. */
function createTimestamp() {
  let [last, text] = [0, '']
  return () => {
    const now = Date.now()
    if (now !== last) [last, text] = [now, `,"time":"${new Date(now).toISOString()}"`]
    return text
  }
}

/** Options for pino: JSON lines with times in UTC and levels by name. */
export function loggerOptions(settings: Settings) {
  return {
    level: settings.LOG_LEVEL,
    base: null,
    timestamp: createTimestamp(),
    formatters: { level: (level: string) => ({ level }) },
    serializers: { ...omitted, err: (error: unknown) => serializeError(error) }
  }
}

/** Logs the line of a request. Without a reply, the client aborted the request. */
export function logRequest(request: FastifyRequest, reply: FastifyReply | null) {
  const line = {
    method: request.method,
    // The pattern, never the URL: it may contain a secret.
    route: request.routeOptions.url ?? null,
    status: reply?.statusCode,
    durationMs: reply ? Math.round(reply.elapsedTime * 10) / 10 : undefined,
    ip: clientAddress(request),
    userId: request.account?.userId
  }
  request.log.info(line, reply ? 'request' : 'request aborted')
}

/** In characters: a terminal shows each line at once, and other targets get many lines per write. */
const BATCH = { terminal: 1, other: 16_384 }

/** Opens the log: readable lines for a terminal if pino-pretty is installed, JSON for everything else. */
export async function openLog({ fd, isTTY }: { fd: number; isTTY: boolean }) {
  const pretty = isTTY && (await import('pino-pretty').catch(() => null))
  if (!pretty) return createOutput(fd, BATCH.other)
  const format = pretty.prettyFactory({
    colorize: true,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'event,requestId,ip,userId,method,route,status,durationMs,address,lost',
    messageFormat: ({ msg, method, route, status, durationMs }) =>
      method ? `${method} ${route ?? 'no route'} ${status ?? msg} ${durationMs ?? '-'} ms` : `${msg}`
  })
  // Some terminals obey these control characters, and JSON does not escape them.
  return createOutput(fd, BATCH.terminal, (line) => format(line.replace(/[\x7f-\x9f]/g, '')) ?? '')
}
