import { choice } from '../../platform/config/setting-types.ts'
import { defineSettings, type Settings, type Values } from '../../platform/config/settings.ts'

const cookiesSettings = {
  COOKIE_SAME_SITE: choice(['lax', 'strict', 'none'], 'lax')
}

/** Browsers ignore a cookie with SameSite=None that is not Secure. */
function cookiesConflict(settings: Settings) {
  const isDropped = settings.COOKIE_SAME_SITE === 'none' && !settings.COOKIE_SECURE
  return isDropped ? 'COOKIE_SAME_SITE=none needs COOKIE_SECURE=true' : null
}

defineSettings(cookiesSettings, cookiesConflict)

declare module '../../platform/config/settings.ts' {
  interface Settings extends Values<typeof cookiesSettings> {}
}
