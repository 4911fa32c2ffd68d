import { createHmac, type KeyObject, sign } from 'node:crypto'

// Builds tokens by hand, so that no test relies on the library that it checks.

export type Parts = { header: Record<string, unknown>; claims: Record<string, unknown>; signature: string }

export const encode = (part: unknown) =>
  Buffer.from(typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part)).toString('base64url')

export const sha = (bits: number, key: string | Buffer, input: string) =>
  createHmac(`sha${bits}`, key).update(input).digest('base64url')

/** A signed token, from header and claims as objects or as raw text. */
export function forge(header: unknown, claims: unknown, key: string | Buffer, bits = 256) {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${sha(bits, key, input)}`
}

/** The same with a private key, by RS256, ES256, or EdDSA depending on the key, whatever the header says. */
export function forgeWith(header: unknown, claims: unknown, key: KeyObject) {
  const input = `${encode(header)}.${encode(claims)}`
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  const signature = sign(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

/** The kid of a key of JWT_SECRET_KEY. */
export const kidOf = (key: string) => sha(256, key, 'kid').slice(0, 12)

export function takeApart(token: string): Parts {
  const [header = '', claims = '', signature = ''] = token.split('.')
  const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  return { header: decode(header), claims: decode(claims), signature }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** All forms of a token that differ only in the unused bits of the last character, including itself. */
export function sameBytes(token: string) {
  const at = ALPHABET.indexOf(token.at(-1) ?? '')
  return [0, 1, 2, 3].map((bits) => `${token.slice(0, -1)}${ALPHABET[at - (at % 4) + bits]}`)
}
