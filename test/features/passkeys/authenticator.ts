import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

// An authenticator in software, which also does what a browser never would.

const RP_ID = 'localhost'
export const ORIGIN = 'https://localhost'
export const FLAGS = { up: 0x01, uv: 0x04, be: 0x08, bs: 0x10, at: 0x40 }

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest()
const base64url = (data: Buffer | string) => Buffer.from(data).toString('base64url')

/** CBOR (RFC 8949) of what WebAuthn needs: numbers, byte strings, texts, and maps. */
export function cbor(value: number | string | Buffer | Map<unknown, unknown>): Buffer {
  function head(major: number, count: number) {
    if (count < 24) return Buffer.from([(major << 5) | count])
    if (count < 256) return Buffer.from([(major << 5) | 24, count])
    return Buffer.from([(major << 5) | 25, count >> 8, count & 255])
  }
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
  const entries = [...value].flatMap(([key, item]) => [cbor(key as number), cbor(item as number)])
  return Buffer.concat([head(5, value.size), ...entries])
}

export const algorithms = {
  EdDSA: { id: -8, create: () => generateKeyPairSync('ed25519'), hash: null },
  ES256: { id: -7, create: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }), hash: 'sha256' },
  RS256: { id: -257, create: () => generateKeyPairSync('rsa', { modulusLength: 2048 }), hash: 'sha256' }
}
export type Algorithm = keyof typeof algorithms

/** The public key in COSE (RFC 9053). `id` may be false. */
function cose(publicKey: KeyObject, id: number) {
  const { kty, x = '', y = '', n = '', e = '' } = publicKey.export({ format: 'jwk' })
  const bytes = (text: string) => Buffer.from(text, 'base64url')
  const [OKP, EC2, RSA] = [1, 2, 3]
  if (kty === 'OKP') return new Map<number, number | Buffer>([[1, OKP], [3, id], [-1, 6], [-2, bytes(x)]]) // biome-ignore format: pairs
  if (kty === 'EC') return new Map<number, number | Buffer>([[1, EC2], [3, id], [-1, 1], [-2, bytes(x)], [-3, bytes(y)]]) // biome-ignore format: pairs
  return new Map<number, number | Buffer>([[1, RSA], [3, id], [-1, bytes(n)], [-2, bytes(e)]]) // biome-ignore format: pairs
}

/** What may be wrong with a reply. */
export type Wrong = Partial<{
  challenge: string
  origin: string
  rpId: string
  type: string
  flags: number
  counter: number
  algorithm: number
  credentialId: string
  userHandle: string
  signedBy: KeyObject
}>
type Options = { challenge: string; user?: { id: string } }

/** A passkey on a device. A synced one has no counter. */
export function createAuthenticator({
  synced = false,
  algorithm = 'ES256'
}: {
  synced?: boolean
  algorithm?: Algorithm
} = {}) {
  const { id: algorithmId, create, hash } = algorithms[algorithm]
  const { publicKey, privateKey } = create()
  const credentialId = base64url(randomBytes(16))
  const usual = FLAGS.up | FLAGS.uv | (synced ? FLAGS.be | FLAGS.bs : 0)
  let counter = 0
  let userHandle = ''

  function clientData(type: string, challenge: string, wrong: Wrong) {
    const { origin = ORIGIN } = wrong
    const members = { type: wrong.type ?? type, challenge: wrong.challenge ?? challenge, origin, crossOrigin: false }
    return Buffer.from(JSON.stringify(members))
  }
  function authenticatorData(flags: number, wrong: Wrong, attested: Buffer = Buffer.alloc(0)) {
    if (!synced) counter += 1
    const head = Buffer.alloc(5)
    head.writeUInt8(flags)
    head.writeUInt32BE(wrong.counter ?? counter, 1)
    return Buffer.concat([sha256(wrong.rpId ?? RP_ID), head, attested])
  }
  const common = (id: string) => ({ id, rawId: id, type: 'public-key' as const, clientExtensionResults: {} })

  return {
    credentialId,
    publicKey,
    privateKey,
    /** `navigator.credentials.create()` */
    register(options: Options, wrong: Wrong = {}) {
      userHandle = options.user?.id ?? ''
      const id = wrong.credentialId ?? credentialId
      const raw = Buffer.from(id, 'base64url')
      const length = Buffer.from([raw.length >> 8, raw.length & 255])
      const key = cbor(cose(publicKey, wrong.algorithm ?? algorithmId))
      const flags = (wrong.flags ?? usual) | FLAGS.at
      const authData = authenticatorData(flags, wrong, Buffer.concat([Buffer.alloc(16), length, raw, key]))
      const attestation = new Map<string, unknown>([['fmt', 'none'], ['attStmt', new Map()], ['authData', authData]]) // biome-ignore format: pairs
      const response = {
        clientDataJSON: base64url(clientData('webauthn.create', options.challenge, wrong)),
        attestationObject: base64url(cbor(attestation)),
        transports: ['internal']
      }
      return { ...common(id), response }
    },
    /** `navigator.credentials.get()` */
    sign(options: Options, wrong: Wrong = {}) {
      const data = clientData('webauthn.get', options.challenge, wrong)
      const authData = authenticatorData(wrong.flags ?? usual, wrong)
      const signature = sign(hash, Buffer.concat([authData, sha256(data)]), wrong.signedBy ?? privateKey)
      const response = {
        clientDataJSON: base64url(data),
        authenticatorData: base64url(authData),
        signature: base64url(signature),
        userHandle: wrong.userHandle ?? userHandle
      }
      return { ...common(wrong.credentialId ?? credentialId), response }
    }
  }
}
export type Authenticator = ReturnType<typeof createAuthenticator>
