import type { FastifySwaggerUiOptions } from '@fastify/swagger-ui'

/** The content security policy of the page: its own files and styles, and calls to this service (ASVS 5.0, 3.4.3). */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

export function pageOptions(): FastifySwaggerUiOptions {
  return {
    routePrefix: '/docs',
    uiConfig: { deepLinking: true, tryItOutEnabled: true, displayRequestDuration: true },
    staticCSP: POLICY
  }
}
