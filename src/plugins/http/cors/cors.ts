import type { IncomingHttpHeaders } from 'node:http'
import type { Settings } from '../../platform/config/settings.ts'

/** Headers that pages send: credentials, JSON, and what tracing, Sentry, and common clients add. */
const ALLOWED =
  'Authorization, Content-Type, traceparent, tracestate, baggage, sentry-trace, x-requested-with, idempotency-key'
const EXPOSED = 'Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, WWW-Authenticate'

const isListed = ({ CORS_API_ORIGINS }: Settings, origin: string | undefined): origin is string =>
  origin !== undefined && CORS_API_ORIGINS.includes(origin)

/** The headers that let a page of a listed origin read a reply. Other origins get none. */
export function corsHeaders(settings: Settings, origin: string | undefined): Record<string, string> {
  if (!isListed(settings, origin)) return {}
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': EXPOSED
  }
}

/** Whether an OPTIONS request is a preflight. The package would answer other ones with its own text. */
export const isPreflight = (headers: IncomingHttpHeaders) => Boolean(headers['access-control-request-method'])

/** The options of @fastify/cors for one OPTIONS request. Unless `origin` is false, it allows credentials even to refused origins. */
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
    // The not-found plugin answers a plain OPTIONS.
    preflight: isPreflight(headers)
  }
}
