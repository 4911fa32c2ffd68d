import type { IncomingHttpHeaders } from 'node:http'
import type { Settings } from '../config/settings.ts'

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

/** The options of @fastify/cors for one OPTIONS. It adds the credentials header for refused origins too, unless told `false`. */
export function preflightOptions(settings: Settings, headers: IncomingHttpHeaders) {
  const { origin, 'access-control-request-method': preflight } = headers
  if (!isListed(settings, origin)) return { origin: false as const }
  return {
    origin,
    credentials: true,
    methods: 'GET, HEAD, POST, PUT, PATCH, DELETE',
    allowedHeaders: 'Authorization, Content-Type',
    exposedHeaders: EXPOSED,
    maxAge: 600,
    // A plain OPTIONS is answered by methods.
    preflight: preflight !== undefined
  }
}
