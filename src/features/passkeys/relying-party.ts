import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import type { FastifyRequest } from 'fastify'
import type { User } from '../../plugins/identity/users/tables.ts'
import type { Settings } from '../../plugins/platform/config/settings.ts'
import type { Tables } from '../../plugins/platform/db/types.ts'

export type Passkey = Tables['passkeys']['$inferSelect']
/** What a registration proves. */
export type NewPasskey = Pick<Passkey, 'credentialId' | 'publicKey' | 'counter' | 'transports' | 'synced'>
export type RelyingParty = ReturnType<typeof createRelyingParty>

/** What authenticators and browsers show. */
const RP_NAME = 'Fastify minimal starter'
/** How long a challenge may be answered, in seconds. */
export const CHALLENGE_TTL = 300
/** EdDSA, ES256, and RS256: every authenticator has one of them. */
const ALGORITHMS = [-8, -7, -257]

const userHandle = ({ id }: Pick<User, 'id'>) => new TextEncoder().encode(id)
const isHandleOf = (handle: string, id: string) => Buffer.from(handle, 'base64url').toString() === id

/** The service as WebAuthn sees it. It always asks for user verification: a fingerprint, a face, or a PIN. */
export function createRelyingParty(
  rpID: string,
  { CORS_API_ORIGINS, COOKIE_SECURE }: Pick<Settings, 'CORS_API_ORIGINS' | 'COOKIE_SECURE'>
) {
  // Takes time and memory, so only once a passkey is used.
  let loading: Promise<typeof import('@simplewebauthn/server')> | undefined
  const load = () => (loading ??= import('@simplewebauthn/server'))

  /** The origins of pages that may use passkeys. Of the Host, which a phishing page can forge, only the port counts. */
  function originsFor({ headers: { host = '' } }: FastifyRequest) {
    const isOurs = host.toLowerCase().replace(/:\d+$/, '') === rpID
    const [, port = ''] = (isOurs && /(:\d+)$/.exec(host)) || []
    const schemes = COOKIE_SECURE ? ['https'] : ['https', 'http']
    const own = schemes.flatMap((scheme) => [`${scheme}://${rpID}`, `${scheme}://${rpID}${port}`])
    return [...CORS_API_ORIGINS, ...own]
  }

  return {
    /** What `navigator.credentials.create()` takes. */
    async registrationOptions(user: Pick<User, 'id' | 'username' | 'name'>, existing: Passkey[]) {
      const { generateRegistrationOptions } = await load()
      return generateRegistrationOptions({
        ...{ rpName: RP_NAME, rpID, userID: userHandle(user), userName: user.username, userDisplayName: user.name },
        attestationType: 'none',
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        supportedAlgorithmIDs: ALGORITHMS,
        excludeCredentials: existing.map(({ credentialId, transports }) => ({
          id: credentialId,
          transports: transports.split(' ').filter(Boolean)
        })),
        timeout: CHALLENGE_TTL * 1000
      })
    },
    /** What `navigator.credentials.get()` takes: the user picks a passkey, and types no name. */
    async loginOptions() {
      const { generateAuthenticationOptions } = await load()
      return generateAuthenticationOptions({ rpID, userVerification: 'required', timeout: CHALLENGE_TTL * 1000 })
    },
    /** The new passkey, or null if the reply of the authenticator is not right. */
    async verifyRegistration(
      request: FastifyRequest,
      response: RegistrationResponseJSON,
      challenge: string
    ): Promise<NewPasskey | null> {
      const { verifyRegistrationResponse } = await load()
      const expected = { expectedChallenge: challenge, expectedOrigin: originsFor(request), expectedRPID: rpID }
      // The package throws whatever is wrong with the reply.
      const { registrationInfo: found } = await verifyRegistrationResponse({
        ...{ response, ...expected, requireUserVerification: true, supportedAlgorithmIDs: ALGORITHMS }
      }).catch((err: unknown) => {
        request.log.info({ err }, 'the registration of a passkey was refused')
        return { registrationInfo: undefined }
      })
      if (!found) return null
      const { id, publicKey, counter, transports = [] } = found.credential
      return {
        ...{ credentialId: id, publicKey: Buffer.from(publicKey).toString('base64url'), counter: `${counter}` },
        ...{ transports: transports.join(' '), synced: found.credentialDeviceType === 'multiDevice' }
      }
    },
    /** The counter of the reply that this passkey has signed, or null if the reply is not right. */
    async verifyLogin(
      request: FastifyRequest,
      response: AuthenticationResponseJSON,
      challenge: string,
      { userId, credentialId: id, publicKey, synced }: Passkey
    ): Promise<number | null> {
      const { verifyAuthenticationResponse } = await load()
      const { userHandle: handle } = response.response
      if (handle && !isHandleOf(handle, userId)) return null
      const expected = { expectedChallenge: challenge, expectedOrigin: originsFor(request), expectedRPID: rpID }
      const done = await verifyAuthenticationResponse({
        ...{ response, ...expected, requireUserVerification: true },
        // The caller compares counters.
        credential: { id, publicKey: new Uint8Array(Buffer.from(publicKey, 'base64url')), counter: 0 }
      }).catch((err: unknown) => {
        request.log.info({ err }, 'a passkey was refused')
        return null
      })
      if (!done?.verified) return null
      const { credentialDeviceType, newCounter } = done.authenticationInfo
      // A passkey never changes its kind (WebAuthn Level 3, 7.2).
      return (credentialDeviceType === 'multiDevice') === synced ? newCounter : null
    }
  }
}
