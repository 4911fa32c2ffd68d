import { choice } from '../../platform/config/setting-types.ts'
import { defineConflict, defineSettings, type Values } from '../../platform/config/settings.ts'

const cookiesSettings = defineSettings({
  COOKIE_SAME_SITE: choice(['lax', 'strict', 'none'], 'lax')
})

// Browsers ignore a cookie with SameSite=None that is not Secure.
defineConflict(({ COOKIE_SAME_SITE, COOKIE_SECURE }) =>
  COOKIE_SAME_SITE === 'none' && !COOKIE_SECURE ? 'COOKIE_SAME_SITE=none needs COOKIE_SECURE=true' : null
)

declare module '../../platform/config/settings.ts' {
  interface Settings extends Values<typeof cookiesSettings> {}
}
