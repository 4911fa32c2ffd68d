import type { Settings } from '../../platform/config/settings.ts'

/** The HSTS header (RFC 6797), or none. Browsers ignore it over plain HTTP. */
function strictTransport({ COOKIE_SECURE, HSTS }: Settings): Record<string, string> {
  if (!COOKIE_SECURE || HSTS === 'false') return {}
  return { 'strict-transport-security': `max-age=31536000${HSTS === 'true' ? '' : '; includeSubDomains'}` }
}

/** The headers of every reply (OWASP REST Security; ASVS 5.0, 3.4 and 14.3.2). The docs page has its own policy. */
export function securityHeaders(settings: Settings): Record<string, string> {
  return {
    // Caches must tell replies apart by these even if this one is not compressed or allows no origin (RFC 9110, 12.5.5). The
    // packages only add them to some replies, and look for the second in lower case.
    vary: settings.CORS_API_ORIGINS.length > 0 ? 'Origin, accept-encoding' : 'accept-encoding',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    ...strictTransport(settings)
  }
}
