import type { KeyObject } from 'node:crypto'
import { server } from '@passwordless-id/webauthn'
import t from 'tap'
import { createRelyingParty, type Passkey } from '../../../src/features/passkeys/relying-party.ts'
import { createAuthenticator, FLAGS, ORIGIN, type Wrong } from './authenticator.ts'

// Two implementations of WebAuthn judge the same replies, right and wrong ones.

const CHALLENGE = Buffer.from('a challenge of the service').toString('base64url')
const relyingParty = createRelyingParty('localhost', { CORS_API_ORIGINS: [], COOKIE_SECURE: true })
const request = { headers: { host: 'localhost' }, log: { info() {} } } as never

type Signed = ReturnType<ReturnType<typeof createAuthenticator>['sign']>

async function theirs(credential: Signed, publicKey: KeyObject, id: string, algorithm: 'ES256' | 'RS256') {
  const spki = publicKey.export({ format: 'der', type: 'spki' }).toString('base64url')
  const expected = { challenge: CHALLENGE, origin: ORIGIN, userVerified: true, domain: 'localhost' }
  const key = { id, publicKey: spki, algorithm, transports: [] }
  return server.verifyAuthentication(credential, key, expected).then(
    ({ counter }) => counter,
    () => null
  )
}

/**
 * Flips one bit of the last 30 bytes of a text in base64url. Only before them does a signature with ES256 have tags and lengths of
 * DER, which the other implementation does not read: it takes both numbers from fixed places.
 */
function flip(text: string, bit: number) {
  const bytes = Buffer.from(text, 'base64url')
  const place = bytes.length * 8 - 1 - (bit % 240)
  bytes[place >> 3] = (bytes[place >> 3] ?? 0) ^ (1 << (place & 7))
  return bytes.toString('base64url')
}

/** Whether a signature with ES256 has a number of less than 32 bytes, as one in 128 does: the other implementation refuses it. */
function isShort({ response }: Signed) {
  const bytes = Buffer.from(response.signature, 'base64url')
  const first = bytes[3] ?? 0
  return first < 32 || (bytes[5 + first] ?? 0) < 32
}

for (const algorithm of ['ES256', 'RS256'] as const) {
  t.test(`both implementations accept and refuse the same signatures with ${algorithm}`, async (t) => {
    const authenticator = createAuthenticator({ algorithm })
    const { credentialId, publicKey } = authenticator
    const created = authenticator.register({ challenge: CHALLENGE, user: { id: '' } })
    const proven = await relyingParty.verifyRegistration(request, created as never, CHALLENGE)
    if (proven === null) throw new Error('the registration is right')
    const passkey = { ...proven, userId: 'x' } as Passkey
    const other = createAuthenticator({ algorithm })
    const wrongs: Wrong[] = [
      {},
      { counter: 2 ** 32 - 1 },
      { challenge: 'AAAA' },
      { origin: 'https://evil.test' },
      { origin: `${ORIGIN}/` },
      { rpId: 'evil.test' },
      { type: 'webauthn.create' },
      { flags: FLAGS.up },
      { flags: 0 },
      { signedBy: other.privateKey }
    ]
    function sign(wrong: Wrong): Signed {
      const signed = authenticator.sign({ challenge: CHALLENGE }, { userHandle: '', ...wrong })
      return algorithm === 'ES256' && isShort(signed) ? sign(wrong) : signed
    }
    const signed = wrongs.map(sign)
    const right = sign({})
    for (const member of ['clientDataJSON', 'authenticatorData', 'signature'] as const)
      for (let bit = 0; bit < 240; bit += 13)
        signed.push({ ...right, response: { ...right.response, [member]: flip(right.response[member], bit) } })

    let accepted = 0
    for (const credential of signed) {
      const ours = await relyingParty.verifyLogin(request, credential, CHALLENGE, passkey)
      const verdict = await theirs(credential, publicKey, credentialId, algorithm)
      t.equal(ours, verdict, JSON.stringify(credential.response).slice(0, 60))
      if (ours !== null) accepted += 1
    }
    t.equal(accepted, 2, 'only the right ones')
  })
}

t.test('a signature with ES256 is accepted also if one of its numbers has less than 32 bytes', async (t) => {
  const authenticator = createAuthenticator({ algorithm: 'ES256' })
  const created = authenticator.register({ challenge: CHALLENGE, user: { id: '' } })
  const proven = await relyingParty.verifyRegistration(request, created as never, CHALLENGE)
  const passkey = { ...proven, userId: 'x' } as Passkey
  let signed: Signed
  do signed = authenticator.sign({ challenge: CHALLENGE }, { userHandle: '', counter: 7 })
  while (!isShort(signed))
  t.equal(await relyingParty.verifyLogin(request, signed, CHALLENGE, passkey), 7)
})
