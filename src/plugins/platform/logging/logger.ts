import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import type { Settings } from '../config/settings.ts'
import { clientAddress } from './client-address.ts'
import { createOutput } from './output.ts'
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

/** The time of a line. To write it out takes longer than all else in a line, and lines of one millisecond share it. */
function createTimestamp() {
  let [last, text] = [0, '']
  return () => {
    const now = Date.now()
    if (now !== last) [last, text] = [now, `,"time":"${new Date(now).toISOString()}"`]
    return text
  }
}

const ofRequest: unique symbol = Symbol('ofRequest')
type RequestLog = FastifyBaseLogger & { [ofRequest]?: object }

/**
 * The log of a request, whose lines carry `bindings`, its id. It is a child by inheritance alone: pino's own sets up levels and
 * serializers for each, which costs a request as much as its line.
 */
export function createRequestLog(logger: FastifyBaseLogger, bindings: object, options: object): FastifyBaseLogger {
  // A route with a log level or serializers of its own pays for them.
  if (Object.keys(options).length > 0) return logger.child(bindings, options)
  const log: RequestLog = Object.create(logger)
  log[ofRequest] = bindings
  return log
}

/** Pino's options: JSON, a line each, times in UTC, levels by name. */
export function loggerOptions(settings: Settings) {
  return {
    level: settings.LOG_LEVEL,
    base: null,
    timestamp: createTimestamp(),
    mixin: (_line: object, _level: number, log: RequestLog) => ({ ...log[ofRequest] }),
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

/** A terminal shows each line at once; elsewhere lines are written many at a time. */
const BATCH = { terminal: 1, other: 16_384 }

/** Where lines go: to a terminal as a person can read them (as JSON where pino-pretty is missing), else as JSON. */
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
  // JSON escapes the other control characters; these are commands to some terminals.
  return createOutput(fd, BATCH.terminal, (line) => format(line.replace(/[\x7f-\x9f]/g, '')) ?? '')
}
