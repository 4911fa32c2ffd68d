import type { IncomingHttpHeaders } from 'node:http'
import type { Settings } from '../../platform/config/settings.ts'

/** What pages send with fetch: credentials and JSON, then what tracing, Sentry and common clients add by themselves. */
const ALLOWED =
  'Authorization, Content-Type, traceparent, tracestate, baggage, sentry-trace, x-requested-with, idempotency-key'
const EXPOSED = 'Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, WWW-Authenticate'

const isListed = ({ CORS_API_ORIGINS }: Settings, origin: string | undefined): origin is string =>
  origin !== undefined && CORS_API_ORIGINS.includes(origin)

/** What lets a page of a listed origin read a reply; nothing for any other. */
export function corsHeaders(settings: Settings, origin: string | undefined): Record<string, string> {
  if (!isListed(settings, origin)) return {}
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': EXPOSED
  }
}

/** Whether an OPTIONS is a preflight. The package would answer one that names no method with text of its own. */
export const isPreflight = (headers: IncomingHttpHeaders) => Boolean(headers['access-control-request-method'])

/** The options of @fastify/cors for one OPTIONS. It adds the credentials header for refused origins too, unless told `false`. */
export function preflightOptions(settings: Settings, headers: IncomingHttpHeaders) {
  const { origin } = headers
  if (!isListed(settings, origin)) return { origin: false as const }
  return {
    origin,
    credentials: true,
    methods: 'GET, HEAD, POST, PUT, PATCH, DELETE',
    allowedHeaders: [ALLOWED, ...settings.CORS_ALLOWED_HEADERS],
    exposedHeaders: EXPOSED,
    maxAge: 600,
    // A plain OPTIONS is answered by methods.
    preflight: isPreflight(headers)
  }
}
