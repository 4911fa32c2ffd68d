import type { Settings } from '../config/settings.ts'

/** The `__Host-` prefix binds the cookie to this host, to https and to the whole of it (RFC 6265bis, 4.1.3). */
export function cookieName(settings: Settings) {
  return settings.COOKIE_SECURE ? '__Host-sid' : 'sid'
}
