import { text } from '../../plugins/platform/config/setting-types.ts'
import { defineConflict, defineSettings, type Values } from '../../plugins/platform/config/settings.ts'
import { isRedirectUri, providers } from './provider-settings.ts'

const oidcSettings = defineSettings({
  /** Without it, nobody logs in with another service. */
  OIDC_PROVIDERS: providers(),
  OIDC_REDIRECT_URI: text(
    null,
    isRedirectUri,
    'must be the exact address of your callback page, such as https://app.example.com/callback'
  )
})

defineConflict(({ OIDC_PROVIDERS, OIDC_REDIRECT_URI }) =>
  OIDC_PROVIDERS && OIDC_REDIRECT_URI === null
    ? 'OIDC_REDIRECT_URI is required with OIDC_PROVIDERS: the page to which providers send users back'
    : null
)

declare module '../../plugins/platform/config/settings.ts' {
  interface Settings extends Values<typeof oidcSettings> {}
}
