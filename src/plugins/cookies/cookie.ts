import type { CookieSerializeOptions } from '@fastify/cookie'
import type { Settings } from '../config/settings.ts'

/** The attributes of every Set-Cookie, the clearing one too: browsers ignore it where they differ. */
export function cookieOptions({ COOKIE_SECURE, COOKIE_SAME_SITE }: Settings): CookieSerializeOptions {
  const options = { path: '/', httpOnly: true, secure: COOKIE_SECURE, sameSite: COOKIE_SAME_SITE }
  // For a page of another site: its own jar, which browsers that keep no third-party cookies let it have (CHIPS).
  return COOKIE_SAME_SITE === 'none' ? { ...options, partitioned: true } : options
}
