import type { ClientAuth, ExportedJWKSCache } from 'openid-client'
import { ProviderUnavailable } from './errors.ts'
import { createDocumentCache, type Fetch, findOutage } from './fetch.ts'
import { toProfile } from './profile.ts'
import type { Library, Protocol } from './provider.ts'
import type { ProviderSettings } from './provider-settings.ts'

const DISCOVERY = '/.well-known/openid-configuration'
/** After this many seconds, the library fetches keys again if it does not know the one that signed. */
const KEYS_SETTLED = 60
const MICROSOFT = 'https://login.microsoftonline.com/'

/** Microsoft has a claim of its own, since anybody can put any address into the account of their company. */
const isVerified = (issuer: string, { email_verified, xms_edov }: Record<string, unknown>) =>
  email_verified === true || (issuer.startsWith(MICROSOFT) && [true, 1, '1'].includes(xms_edov as string))

/** OpenID Connect. The provider's addresses are read once an hour, and its keys whenever it signs with a new one. */
export function createOpenId({ issuer, clientId, clientSecret }: ProviderSettings): Protocol {
  const documents = createDocumentCache()
  let keys: ExportedJWKSCache | undefined

  function clientAuth({ None, ClientSecretBasic, ClientSecretPost }: Library): ClientAuth {
    if (clientSecret === null) return None()
    const [basic, post] = [ClientSecretBasic(clientSecret), ClientSecretPost(clientSecret)]
    return (server, ...request) => {
      // The default of providers that do not list any (OpenID Connect Discovery 1.0, 3).
      const { token_endpoint_auth_methods_supported: methods = ['client_secret_basic'] } = server
      return (methods.includes('client_secret_basic') ? basic : post)(server, ...request)
    }
  }

  return {
    scope: 'openid email profile',
    hasIdToken: true,
    /** Throws PROVIDER_UNAVAILABLE, also if the provider describes itself in a way that is not right. */
    async configure(library, fetch, now) {
      const fetchOrReuse: Fetch = (url, options) =>
        url.endsWith(DISCOVERY) ? documents.read(() => fetch(url, options), now) : fetch(url, options)
      const execute = [library.enableNonRepudiationChecks]
      // OIDC_PROVIDERS allows plain HTTP only on this machine.
      if (issuer.startsWith('http:')) execute.push(library.allowInsecureRequests)
      const options = { [library.customFetch]: fetchOrReuse as never, execute }
      try {
        const auth = clientAuth(library)
        const configuration = await library.discovery(new URL(issuer), clientId, undefined, auth, options)
        // The page follows this address: it throws unless it is one of HTTP.
        library.buildAuthorizationUrl(configuration, {})
        const settled = Math.floor(now.getTime() / 1000) - KEYS_SETTLED
        if (keys) library.setJwksCache(configuration, { ...keys, uat: Math.min(keys.uat, settled) })
        return configuration
      } catch (error) {
        documents.forget()
        throw findOutage(error) ?? new ProviderUnavailable({ cause: error })
      }
    },
    async readPerson(library, configuration, tokens, now) {
      keys = library.getJwksCache(configuration)
      const claims = tokens.claims()
      if (claims === undefined) throw new Error('there is no ID token')
      const { iss, sub, auth_time: authTime } = claims

      /** Some providers put the profile into the ID token, others do not. */
      async function readClaims(): Promise<Record<string, unknown>> {
        const isComplete = claims?.['email'] !== undefined && claims['email_verified'] !== undefined
        if (isComplete || !configuration.serverMetadata().userinfo_endpoint) return { ...claims }
        return { ...claims, ...(await library.fetchUserInfo(configuration, tokens.access_token, sub)) }
      }
      return {
        issuer: iss,
        subject: sub,
        // A clock that is ahead must not make a session fresh for longer.
        authenticatedAt: authTime === undefined ? null : new Date(Math.min(authTime * 1000, now.getTime())),
        async readProfile() {
          const { email, name, ...others } = await readClaims()
          return toProfile(isVerified(issuer, others) ? email : null, name)
        }
      }
    }
  }
}
