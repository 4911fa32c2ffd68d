import { createHmac, type KeyObject, sign } from 'node:crypto'

// Tokens made by hand, so that no test believes the library that it checks.

export type Parts = { header: Record<string, unknown>; claims: Record<string, unknown>; signature: string }

export const encode = (part: unknown) =>
  Buffer.from(typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part)).toString('base64url')

export const sha = (bits: number, key: string | Buffer, input: string) =>
  createHmac(`sha${bits}`, key).update(input).digest('base64url')

/** A signed token; header and claims as objects, or as the very text. */
export function forge(header: unknown, claims: unknown, key: string | Buffer, bits = 256) {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${sha(bits, key, input)}`
}

/** The same with a private key: RS256, ES256 or EdDSA, as the key is; the header says what it says. */
export function forgeWith(header: unknown, claims: unknown, key: KeyObject) {
  const input = `${encode(header)}.${encode(claims)}`
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  const signature = sign(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

/** What a key of JWT_SECRET_KEY is called in the header. */
export const kidOf = (key: string) => sha(256, key, 'kid').slice(0, 12)

export function takeApart(token: string): Parts {
  const [header = '', claims = '', signature = ''] = token.split('.')
  const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  return { header: decode(header), claims: decode(claims), signature }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The forms of a token that differ in the bits of the last character that do not count, itself among them. */
export function sameBytes(token: string) {
  const at = ALPHABET.indexOf(token.at(-1) ?? '')
  return [0, 1, 2, 3].map((bits) => `${token.slice(0, -1)}${ALPHABET[at - (at % 4) + bits]}`)
}
