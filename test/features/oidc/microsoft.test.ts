import { generateKeyPairSync, sign } from 'node:crypto'
import t from 'tap'
import { createProvider } from '../../../src/features/oidc/provider.ts'

// Microsoft cannot be run here, so this test answers in its place, as its documentation says.

const HOST = 'https://login.microsoftonline.com'
const TENANT = '9188040d-6c67-4c5b-b112-36a304b66dad'
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const checks = { state: 's'.repeat(43), nonce: 'n'.repeat(43), verifier: 'v'.repeat(43) }

function answer(path: string, claims: object) {
  const now = Math.floor(Date.now() / 1000)
  const usual = { aud: 'client', sub: 'ada-1', nonce: checks.nonce, iat: now, exp: now + 300, email: 'ada@example.com' }
  const input = `${base64url({ alg: 'RS256', kid: '1' })}.${base64url({ ...usual, ...claims })}`
  const id_token = `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`
  const metadata = {
    issuer: `${HOST}/{tenantid}/v2.0`,
    authorization_endpoint: `${HOST}/common/oauth2/v2.0/authorize`,
    token_endpoint: `${HOST}/common/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    jwks_uri: `${HOST}/common/discovery/v2.0/keys`
  }
  const bodies: Record<string, object> = {
    '/common/v2.0/.well-known/openid-configuration': metadata,
    '/common/oauth2/v2.0/token': { access_token: 'x', token_type: 'Bearer', id_token },
    '/common/discovery/v2.0/keys': { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: '1', use: 'sig' }] }
  }
  return Response.json(bodies[path])
}

t.test(
  'the issuer of Microsoft names the tenant of the user, and only its own claim verifies an address',
  async (t) => {
    let claims: object = {}
    t.intercept(globalThis, 'fetch', { value: async (url: string) => answer(new URL(url).pathname, claims) })
    const settings = { id: 'microsoft', issuer: `${HOST}/common/v2.0`, clientId: 'client', clientSecret: 'secret' }
    const provider = createProvider(settings, 'https://app.example.com/callback')
    t.match(await provider.startUrl(checks, null, new Date()), `${HOST}/common/oauth2/v2.0/authorize?`)
    const identify = (given: object) => {
      claims = given
      return provider.identify(new URLSearchParams({ code: 'c', state: checks.state }), checks, new Date())
    }
    const own = { iss: `${HOST}/${TENANT}/v2.0`, tid: TENANT }
    const person = await identify({ ...own, xms_edov: true })
    t.match(person, { issuer: own.iss, subject: 'ada-1', authenticatedAt: null })
    t.match(await person.readProfile(), { email: 'ada@example.com' })
    for (const xms_edov of [undefined, false, 'true', 0])
      t.match(await (await identify({ ...own, xms_edov })).readProfile(), { email: null }, `xms_edov ${xms_edov}`)
    for (const wrong of [
      { ...own, tid: 'another' },
      { ...own, iss: 'https://evil.test/v2.0' },
      { iss: `${HOST}/{tenantid}/v2.0` }
    ])
      await t.rejects(identify(wrong), { code: 'OIDC_FAILED' })
  }
)
