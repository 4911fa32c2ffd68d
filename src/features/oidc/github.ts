import type { Configuration } from 'openid-client'
import { toProfile } from './profile.ts'
import type { Library, Protocol } from './provider.ts'
import type { ProviderSettings } from './provider-settings.ts'

const HOST = 'https://github.com'

type Email = { email: unknown; primary: unknown; verified: unknown }

/** Any server of the name `github` is one of GitHub, such as GitHub Enterprise Server. */
export const isGitHub = ({ id, issuer }: ProviderSettings) => id === 'github' || new URL(issuer).origin === HOST

/** GitHub, which has OAuth 2 and an API instead of OpenID Connect. It does not say when a user authenticated. */
export function createGitHub({ issuer, clientId, clientSecret }: ProviderSettings): Protocol {
  const { origin } = new URL(issuer)
  const api = origin === HOST ? 'https://api.github.com' : `${origin}/api/v3`
  const server = {
    // What GitHub calls itself in its responses (RFC 9207).
    issuer: `${origin}/login/oauth`,
    authorization_endpoint: `${origin}/login/oauth/authorize`,
    token_endpoint: `${origin}/login/oauth/access_token`
  }

  async function get(library: Library, configuration: Configuration, token: string, path: string): Promise<unknown> {
    const headers = new Headers({ accept: 'application/vnd.github+json' })
    const url = new URL(`${api}${path}`)
    const response = await library.fetchProtectedResource(configuration, token, url, 'GET', null, headers)
    if (response.status !== 200) throw new Error(`GitHub answered ${response.status} to ${path}`)
    return response.json()
  }

  return {
    scope: 'read:user user:email',
    hasIdToken: false,
    async configure(library, fetch) {
      const auth = clientSecret === null ? library.None() : library.ClientSecretPost(clientSecret)
      const configuration = new library.Configuration(server, clientId, undefined, auth)
      configuration[library.customFetch] = fetch as never
      if (origin.startsWith('http:')) library.allowInsecureRequests(configuration)
      return configuration
    },
    async readPerson(library, configuration, { access_token: token }) {
      // The name of a user can pass to somebody else, the id cannot.
      const { id, name } = (await get(library, configuration, token, '/user')) as { id: unknown; name: unknown }
      if (!Number.isSafeInteger(id)) throw new Error('GitHub tells no id')
      return {
        issuer: origin,
        subject: `${id}`,
        authenticatedAt: null,
        async readProfile() {
          const emails = (await get(library, configuration, token, '/user/emails')) as Email[]
          const primary = emails.find((one) => one.primary === true && one.verified === true)
          return toProfile(primary?.email, name)
        }
      }
    }
  }
}
