import type { CookieSerializeOptions } from '@fastify/cookie'
import type { Settings } from '../config/settings.ts'

/** The attributes of every Set-Cookie, the clearing one too: browsers ignore it where they differ. */
export function cookieOptions(settings: Settings): CookieSerializeOptions {
  return { path: '/', httpOnly: true, secure: settings.COOKIE_SECURE, sameSite: settings.COOKIE_SAME_SITE }
}
