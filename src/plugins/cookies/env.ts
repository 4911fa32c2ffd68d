import { choice } from '../config/kinds.ts'

export const cookiesEnv = {
  COOKIE_SAME_SITE: choice(['lax', 'strict', 'none'], 'lax')
}

/** Browsers drop a cookie with SameSite=None that is not Secure. */
export function cookiesConflict(settings: { COOKIE_SAME_SITE: string; COOKIE_SECURE: boolean }) {
  const isDropped = settings.COOKIE_SAME_SITE === 'none' && !settings.COOKIE_SECURE
  return isDropped ? 'COOKIE_SAME_SITE=none needs COOKIE_SECURE=true' : null
}
