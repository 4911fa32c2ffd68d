import type * as OpenIdClient from 'openid-client'
import { OidcFailed } from './errors.ts'
import { createBounds, type Fetch, findOutage } from './fetch.ts'
import { createGitHub, isGitHub } from './github.ts'
import { createOpenId } from './openid.ts'
import type { ProviderSettings } from './provider-settings.ts'

export type Library = typeof OpenIdClient
type Tokens = Awaited<ReturnType<Library['authorizationCodeGrant']>>

/** What a ticket remembers of a start, to compare the response with. */
export type Checks = { state: string; nonce: string; verifier: string }
/** What a provider says of a user. `email` is null unless the provider has verified it. */
export type Profile = { email: string | null; name: string | null }
/** An account of a provider. Issuer and subject never change, and never belong to anybody else. */
export type Person = {
  issuer: string
  subject: string
  /** When the user authenticated to the provider; null: it does not say. */
  authenticatedAt: Date | null
  readProfile(): Promise<Profile>
}

/** What OpenID Connect and GitHub's OAuth 2 do in different ways. */
export type Protocol = {
  scope: string
  hasIdToken: boolean
  configure(library: Library, fetch: Fetch, now: Date): Promise<OpenIdClient.Configuration>
  readPerson(library: Library, configuration: OpenIdClient.Configuration, tokens: Tokens, now: Date): Promise<Person>
}
export type Provider = ReturnType<typeof createProvider>

const NAMES: Record<string, string> = { github: 'GitHub', gitlab: 'GitLab', linkedin: 'LinkedIn' }
const toName = (id: string) => NAMES[id] ?? `${id.charAt(0).toUpperCase()}${id.slice(1).replaceAll('-', ' ')}`

/** The error for a user whom a provider did not confirm. Its cause is for the log. */
const toFailure = (error: unknown) => findOutage(error) ?? new OidcFailed({ cause: error })

/** One provider: the way to it and back, with PKCE, state, and nonce. */
export function createProvider(settings: ProviderSettings, redirectUri: string) {
  const protocol = isGitHub(settings) ? createGitHub(settings) : createOpenId(settings)
  const createFetch = createBounds()
  // Takes time and memory, so only once somebody uses it.
  let loading: Promise<Library> | undefined
  const load = () => (loading ??= import('openid-client'))

  async function open(now: Date) {
    const library = await load()
    return { library, configuration: await protocol.configure(library, createFetch(), now) }
  }

  return {
    id: settings.id,
    name: toName(settings.id),
    /**
     * Where the page sends the user. The provider asks a user again who authenticated more than `maxAge` seconds ago. Throws
     * PROVIDER_UNAVAILABLE.
     */
    async startUrl({ state, nonce, verifier }: Checks, maxAge: number | null, now: Date) {
      const { library, configuration } = await open(now)
      const challenge = await library.calculatePKCECodeChallenge(verifier)
      const parameters = {
        ...{ redirect_uri: redirectUri, scope: protocol.scope, state },
        ...{ code_challenge: challenge, code_challenge_method: 'S256' },
        ...(protocol.hasIdToken && { nonce }),
        ...(protocol.hasIdToken && maxAge !== null && { max_age: `${maxAge}` })
      }
      return library.buildAuthorizationUrl(configuration, parameters).href
    },
    /** Who came back with this response. Throws OIDC_FAILED and PROVIDER_UNAVAILABLE. */
    async identify(response: URLSearchParams, { state, nonce, verifier }: Checks, now: Date): Promise<Person> {
      try {
        const { library, configuration } = await open(now)
        const url = new URL(redirectUri)
        url.search = `${response}`
        const expected = { expectedState: state, ...(protocol.hasIdToken && { expectedNonce: nonce }) }
        const tokens = await library.authorizationCodeGrant(configuration, url, {
          ...{ ...expected, pkceCodeVerifier: verifier }
        })
        const person = await protocol.readPerson(library, configuration, tokens, now)
        // OpenID Connect Core 1.0, 2
        if (!/^[\x20-\x7e]{1,255}$/.test(person.subject)) throw new Error('the subject is not valid')
        return {
          ...person,
          async readProfile() {
            return person.readProfile().catch((error) => {
              throw toFailure(error)
            })
          }
        }
      } catch (error) {
        throw toFailure(error)
      }
    }
  }
}
