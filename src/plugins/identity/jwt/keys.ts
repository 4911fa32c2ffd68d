import { createHash, createHmac, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { Settings } from '../../platform/config/settings.ts'
import type { Jwk } from './key-schemas.ts'

/** A key that signs and verifies. `secret` is in the form that @fastify/jwt takes; `jwk` is the published part, or null. */
export type Key = {
  kid: string
  algorithm: 'HS256' | 'EdDSA' | 'ES256'
  secret: Buffer | { private: string; public: string }
  jwk: Jwk | null
}

const BLOCK = /-----BEGIN PRIVATE KEY-----([\w+/=\s]+)-----END PRIVATE KEY-----/g

/** The one algorithm of a curve, or null for a curve that is not supported. */
function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject) {
  if (asymmetricKeyType === 'ed25519') return 'EdDSA'
  return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'ES256' : null
}

function readPrivateKey(base64: string): Key | null {
  try {
    const privateKey = createPrivateKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'pkcs8' })
    const algorithm = algorithmOf(privateKey)
    if (algorithm === null) return null
    const publicKey = createPublicKey(privateKey)
    const { crv = '', kty = '', x = '', y } = publicKey.export({ format: 'jwk' })
    // RFC 7638, 3: the required members, sorted by name.
    const members = y === undefined ? { crv, kty, x } : { crv, kty, x, y }
    const kid = createHash('sha256').update(JSON.stringify(members)).digest('base64url')
    const secret = {
      private: `${privateKey.export({ type: 'pkcs8', format: 'pem' })}`,
      public: `${publicKey.export({ type: 'spki', format: 'pem' })}`
    }
    return { kid, algorithm, secret, jwk: { ...members, kid, alg: algorithm, use: 'sig' } }
  } catch {
    return null
  }
}

/**
 * Reads one or more PKCS#8 blocks, Ed25519 or P-256 and all of one algorithm. Returns null for anything else.
 * Line breaks may be `\n` escapes or spaces, because .env files and secret stores differ.
 */
export function readPrivateKeys(text: string): Key[] | null {
  const pem = text.replaceAll(/\\r|\\n/g, '\n')
  const keys = [...pem.matchAll(BLOCK)].map(([, base64 = '']) => readPrivateKey(base64))
  const usable = keys.filter((key) => key !== null)
  const isUsable = usable.length > 0 && usable.length === keys.length && /^[\s,]*$/.test(pem.replaceAll(BLOCK, ''))
  const isOneAlgorithm = new Set(usable.map(({ algorithm }) => algorithm)).size === 1
  const isDistinct = new Set(usable.map(({ kid }) => kid)).size === usable.length
  return isUsable && isOneAlgorithm && isDistinct ? usable : null
}

/** The keys of JWT_SECRET_KEY: the bytes of their text, so that other tools can sign and verify. They are never published. */
export function secretKeys({ JWT_SECRET_KEY }: Settings): Key[] {
  return JWT_SECRET_KEY.map((text) => ({
    // Reveals nothing about the key, and is the same in all replicas.
    kid: createHmac('sha256', text).update('kid').digest('base64url').slice(0, 12),
    algorithm: 'HS256',
    secret: Buffer.from(text),
    jwk: null
  }))
}

/** The keys that sign access tokens: if JWT_PRIVATE_KEY is set, only those (RFC 8725, 3.1). */
export function accessKeys(settings: Settings): Key[] {
  const { JWT_PRIVATE_KEY } = settings
  return (JWT_PRIVATE_KEY && readPrivateKeys(JWT_PRIVATE_KEY)) || secretKeys(settings)
}
